//go:build js && wasm && !edgefaults

package edge

import "net/http"

// withFaults adds nothing: only the Worker of the tests can be made to fail.
func withFaults(core http.Handler) http.Handler { return core }
