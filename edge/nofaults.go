//go:build js && wasm && !faults

package edge

import "net/http"

// withFaults adds nothing: only the Worker of the tests can be made to fail.
func (wk *worker) withFaults(core http.Handler) http.Handler { return core }
