package timing_test

import (
	"testing"
	"testing/synctest"
	"time"

	"edgeframe/internal/timing"
)

func TestPhasesAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, p := timing.NewContext(t.Context())
		if timing.From(ctx) != p || timing.From(t.Context()) != nil {
			t.Error("the context does not carry the phases")
		}
		time.Sleep(1500 * time.Microsecond)
		first := p.Call()
		time.Sleep(10 * time.Millisecond)
		second := p.Call()
		time.Sleep(10 * time.Millisecond)
		first()
		time.Sleep(10 * time.Millisecond)
		second()
		encoded := p.Encode()
		time.Sleep(2 * time.Millisecond)
		call := p.Call()
		time.Sleep(4 * time.Millisecond)
		if got, want := p.String(), "store;dur=34, compute;dur=1.5, encode;dur=2, total;dur=37.5"; got != want {
			t.Errorf("meanwhile %s, want %s", got, want)
		}
		call()
		encoded()
		if got, want := p.String(), "store;dur=34, compute;dur=1.5, encode;dur=2, total;dur=37.5"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestNothingIsMeasuredWithoutPhases(t *testing.T) {
	p := timing.From(t.Context())
	p.Call()()
	p.Encode()()
}
