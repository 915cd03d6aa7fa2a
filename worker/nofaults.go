//go:build js && wasm && !faults

package worker

import "net/http"

// withFaults adds nothing: the routes that fail exist in the Worker of the tests only.
func withFaults(core http.Handler) http.Handler { return core }
