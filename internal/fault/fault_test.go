package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestAnErrorIsItsKindAndItsCauseAndShowsItsDetailAlone(t *testing.T) {
	kind, other := errors.New("kind"), errors.New("other")
	plain := Errorf(kind, "row %d is missing", 7)
	caused := error(&Error{Kind: kind, Detail: "the record cannot be read", Err: fmt.Errorf("read: %w", io.ErrUnexpectedEOF)})
	for _, tt := range []struct {
		err  error
		text string
		is   []error
		not  []error
	}{
		{plain, "row 7 is missing", []error{kind}, []error{other, io.ErrUnexpectedEOF}},
		{caused, "the record cannot be read", []error{kind, io.ErrUnexpectedEOF}, []error{other}},
	} {
		if tt.err.Error() != tt.text {
			t.Errorf("text %q, want %q", tt.err, tt.text)
		}
		wrapped := fmt.Errorf("operation 1: %w", tt.err)
		for _, want := range tt.is {
			if !errors.Is(wrapped, want) {
				t.Errorf("%q is not %v", tt.err, want)
			}
		}
		for _, unwanted := range tt.not {
			if errors.Is(wrapped, unwanted) {
				t.Errorf("%q is %v", tt.err, unwanted)
			}
		}
		if found, ok := errors.AsType[*Error](wrapped); !ok || found != tt.err {
			t.Errorf("%q is not found by its type", tt.err)
		}
	}
}
