//go:build !js

package native

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// fakeClock is a clock that tests move: on moves both clocks, jump the wall clock only.
type fakeClock struct {
	wall   time.Time
	steady time.Duration
}

func (f *fakeClock) read() (time.Time, time.Duration) { return f.wall, f.steady }

func (f *fakeClock) on(d time.Duration) { f.steady, f.wall = f.steady+d, f.wall.Add(d) }

func (f *fakeClock) jump(d time.Duration) { f.wall = f.wall.Add(d) }

func TestAClockThatJumpsDeletesNothingForTheGrace(t *testing.T) {
	var log bytes.Buffer
	clock := &fakeClock{wall: time.Now()}
	watch := newWatchOn(clock.read, time.Hour, slog.New(slog.NewTextHandler(&log, nil)))
	tick := func(trusted bool, says string) {
		t.Helper()
		log.Reset()
		clock.on(5 * time.Second)
		if got := watch.trusted(); got != trusted {
			t.Errorf("trusted is %v, want %v", got, trusted)
		}
		if lines := strings.Count(log.String(), "\n"); !strings.Contains(log.String(), says) || says == "" && lines > 0 || lines > 1 {
			t.Errorf("the log says %q, want one line with %q", log.String(), says)
		}
	}
	tick(true, "")
	clock.on(time.Hour) // a tick that comes late is no jump
	tick(true, "")
	clock.jump(9 * time.Second) // the clock is corrected
	tick(true, "")

	clock.jump(48 * time.Hour)
	tick(false, "ahead=48h0m0s deleting_after=1h0m0s")
	tick(false, "")
	clock.jump(-48 * time.Hour)
	tick(true, "right again")
	tick(true, "")

	clock.jump(2 * time.Hour)
	tick(false, "ahead=2h0m0s")
	clock.on(30 * time.Minute)
	clock.jump(time.Hour)
	tick(false, "ahead=3h0m0s") // another jump starts the grace again
	clock.on(59 * time.Minute)
	tick(false, "")
	clock.on(time.Minute)
	tick(true, "whole CLOCK_JUMP_GRACE")
	tick(true, "")

	clock.jump(-3 * time.Hour)
	tick(true, "set back")
	tick(true, "")
}

func TestAGraceOfZeroTrustsEveryClock(t *testing.T) {
	clock := &fakeClock{wall: time.Now()}
	watch := newWatchOn(clock.read, 0, slog.New(slog.DiscardHandler))
	clock.jump(48 * time.Hour)
	for range 2 {
		if !watch.trusted() {
			t.Error("the clock is not trusted")
		}
	}
}
