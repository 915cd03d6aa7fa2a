//go:build js && wasm

package durableobjects

import "errors"

// together makes calls concurrently, all for one request, and returns their errors once all have ended.
func together(calls ...func() error) error {
	if len(calls) == 1 {
		return calls[0]()
	}
	errs := make(chan error, len(calls))
	for _, call := range calls {
		go func() { errs <- call() }()
	}
	var err error
	for range calls {
		err = errors.Join(err, <-errs)
	}
	return err
}
