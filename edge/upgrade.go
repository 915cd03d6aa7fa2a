//go:build js && wasm

package edge

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"edgeframe/edge/border"
)

// Upgrade lets the Durable Object with a name answer the request of w with a WebSocket. The JavaScript that
// runs is
//
//	env[binding].get(env[binding].idFromName(name)).fetch(url, { headers: { Upgrade: "websocket" } })
//
// If the response of the object has a WebSocket, it is the response to the client: the status is 101, and what
// is written to w later is dropped. Otherwise Upgrade returns the status of the object's response, and the
// caller answers. ctx is that of the request.
func Upgrade(ctx context.Context, w http.ResponseWriter, binding, name, url string) (status int, err error) {
	out, err := responseOf(w)
	if err != nil {
		return 0, err
	}
	result, err := begin(ctx, border.Upgrade, []string{binding, name, url}, nil).Await()
	if err != nil {
		return 0, err
	}
	if status, err = strconv.Atoi(string(result)); status == http.StatusSwitchingProtocols {
		out.upgraded = true
	}
	return status, err
}

// responseOf returns the response that w is, or that it wraps as [http.ResponseController] knows it.
func responseOf(w http.ResponseWriter) (*response, error) {
	for {
		switch at := w.(type) {
		case *response:
			return at, nil
		case interface{ Unwrap() http.ResponseWriter }:
			w = at.Unwrap()
		default:
			return nil, errors.New("the http.ResponseWriter is not that of a Worker")
		}
	}
}
