//go:build js && wasm

package workerskv

import (
	"errors"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"edgeframe/edge"
	"edgeframe/kv"
)

// failing makes the writes of the binding FAILING of gotest.mjs fail with each of messages in turn, before
// they reach the real namespace. The binding counts its calls.
func failing(messages ...string) (binding js.Value) {
	binding = js.Global().Get("context").Get("env").Get("FAILING")
	list := make([]any, len(messages))
	for i, message := range messages {
		list[i] = message
	}
	binding.Set("messages", list)
	binding.Set("calls", 0)
	return binding
}

func TestWritesThatFailInPassingAreMadeAgain(t *testing.T) {
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
		binding := failing(tt.messages...)
		start := time.Now()
		err := New(Options{Binding: "FAILING"}).Set(edge.WithCall(t.Context(), 1), item, time.Hour)
		switch {
		case tt.want == nil && err != nil, tt.want != nil && err == nil:
			t.Errorf("%s: error %v", tt.name, err)
		case tt.want != nil && !errors.Is(err, tt.want) && !strings.Contains(err.Error(), tt.want.Error()):
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
		if calls := binding.Get("calls").Int(); calls != tt.calls {
			t.Errorf("%s: %d calls, want %d", tt.name, calls, tt.calls)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %s", tt.name, took)
		}
	}
}

func TestAMissingNamespaceIsNamed(t *testing.T) {
	_, err := New(Options{Binding: "NOT_THERE"}).Get(edge.WithCall(t.Context(), 1), []string{"k"})
	if err == nil || !strings.Contains(err.Error(), "NOT_THERE") {
		t.Errorf("error %v", err)
	}
}
