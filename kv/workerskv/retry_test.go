//go:build js && wasm

package workerskv

import (
	"errors"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"edgeframe/kv"
)

// failing is a namespace whose writes fail with each of messages in turn before they reach
// the real one.
func failing(t *testing.T, real js.Value, messages ...string) (namespace js.Value, calls *int) {
	t.Helper()
	calls = new(int)
	put := js.FuncOf(func(_ js.Value, args []js.Value) any {
		*calls++
		if len(messages) == 0 {
			return real.Call("put", args[0], args[1], args[2])
		}
		reason := js.Global().Get("Error").New(messages[0])
		messages = messages[1:]
		return js.Global().Get("Promise").Call("reject", reason)
	})
	t.Cleanup(put.Release)
	return js.ValueOf(map[string]any{"put": put}), calls
}

func TestWritesThatFailInPassingAreMadeAgain(t *testing.T) {
	real := js.Global().Get("context").Get("env").Get("EDGEFRAME_KV")
	item := []kv.Item{{Key: "retried", Value: []byte("v")}}
	const busy, lost = "KV PUT failed: 429 Too Many Requests", "Network connection lost."
	for _, tt := range []struct {
		name     string
		messages []string
		calls    int
		want     error
	}{
		{"too many requests, once", []string{busy}, 2, nil},
		{"lost twice", []string{lost, lost}, 3, nil},
		{"busy for good", []string{busy, busy, busy, busy}, 3, errors.New("429")},
		{"too large", []string{"KV PUT failed: 413 Value length of 99 exceeds limit of 9."}, 1, kv.ErrTooLarge},
		{"refused", []string{"KV PUT failed: 400 Invalid expiration_ttl of 9."}, 1, errors.New("400")},
	} {
		namespace, calls := failing(t, real, tt.messages...)
		start := time.Now()
		err := New(Options{Binding: "EDGEFRAME_KV"}).Set(WithBinding(t.Context(), namespace), item, time.Hour)
		switch {
		case tt.want == nil && err != nil, tt.want != nil && err == nil:
			t.Errorf("%s: error %v", tt.name, err)
		case tt.want != nil && !errors.Is(err, tt.want) && !strings.Contains(err.Error(), tt.want.Error()):
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
		if *calls != tt.calls {
			t.Errorf("%s: %d calls, want %d", tt.name, *calls, tt.calls)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %s", tt.name, took)
		}
	}
}

func TestAMissingNamespaceIsNamed(t *testing.T) {
	_, err := New(Options{Binding: "EDGEFRAME_KV"}).Get(t.Context(), []string{"k"})
	if err == nil || !strings.Contains(err.Error(), "EDGEFRAME_KV") {
		t.Errorf("error %v", err)
	}
}
