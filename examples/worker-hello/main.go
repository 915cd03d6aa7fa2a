//go:build js && wasm

// Command worker-hello is a Cloudflare Worker in Go.
package main

import (
	"fmt"
	"net/http"

	"edgeframe/edge"
)

func main() {
	edge.Serve(func(env edge.Env) edge.Worker {
		greeting, _ := env.Lookup("GREETING")
		return edge.Worker{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s from Go at %s\n", greeting, r.URL.Path)
		})}
	})
}
