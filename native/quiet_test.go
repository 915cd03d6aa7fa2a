//go:build !js

package native

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/kv"
)

// quietLog returns a log whose equal failures are summed up per second, and a function that returns
// the lines since its last call, without their time.
func quietLog() (*slog.Logger, quietHandler, func() []string) {
	var out bytes.Buffer
	h := newQuietHandler(slog.NewTextHandler(&out, nil), time.Second)
	stamp := regexp.MustCompile(`(?m)^time=\S+ level=`)
	return slog.New(h), h, func() []string {
		h.failures.mu.Lock() // it writes with this lock
		defer h.failures.mu.Unlock()
		defer out.Reset()
		return strings.Split(strings.TrimSuffix(stamp.ReplaceAllString(out.String(), ""), "\n"), "\n")
	}
}

func failStore(log *slog.Logger, key, cause string) {
	err := &kv.Error{Op: "get", Key: key, Kind: kv.ErrUnavailable, Err: errors.New(cause)}
	log.Error("request failed", "code", "storage_unavailable", "error", fmt.Errorf("session: %w", err))
}

func TestEqualFailuresAreSummedUpPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, lines := quietLog()
		for i := range 100 {
			failStore(log, fmt.Sprint("key-", i), fmt.Sprint("from port ", i))
		}
		want := []string{`ERROR msg="request failed" code=storage_unavailable error="session: kv get \"key-0\": unavailable: from port 0"`}
		if diff := cmp.Diff(want, lines()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		want = []string{`ERROR msg="request failed" code=storage_unavailable error="session: kv get \"key-99\": unavailable: from port 99" repeated=99`}
		if diff := cmp.Diff(want, lines()); diff != "" {
			t.Error(diff)
		}

		// One within the next second is still held back, and is a line of its own at its end.
		failStore(log, "a", "again")
		if diff := cmp.Diff([]string{""}, lines()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		want = []string{`ERROR msg="request failed" code=storage_unavailable error="session: kv get \"a\": unavailable: again"`}
		if diff := cmp.Diff(want, lines()); diff != "" {
			t.Error(diff)
		}

		// After a second without failures, the next one is logged immediately.
		time.Sleep(time.Second)
		synctest.Wait()
		failStore(log, "b", "later")
		if got := lines(); len(got) != 1 || !strings.Contains(got[0], "later") {
			t.Errorf("got %q", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{""}, lines()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatIsHeldBackIsWrittenAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := quietLog()
		for range 3 {
			failStore(log.With("of", "the logger"), "a", "gone")
		}
		lines()
		h.failures.flush()
		want := []string{`ERROR msg="request failed" of="the logger" code=storage_unavailable error="session: kv get \"a\": unavailable: gone" repeated=2`}
		if diff := cmp.Diff(want, lines()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{""}, lines()); diff != "" {
			t.Error("it was written twice:", diff)
		}
	})
}

func TestDifferentFailuresAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, lines := quietLog()
		for range 2 {
			log.Error("request failed", "code", "internal", "error", errors.New("one bug"))
			log.Error("request failed", "code", "internal", "error", errors.New("another bug"))
			log.Error("storage engine", "error", errors.New("one bug"))
			log.Warn("not a failure", "error", errors.New("one bug"))
		}
		if got := lines(); len(got) != 5 {
			t.Errorf("got %d lines, want 3 failures and 2 warnings: %q", len(got), got)
		}
	})
}

func TestManyDifferentFailuresAreFewLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := quietLog()
		for i := range 10 * maxFailures {
			log.Error("request failed", "code", "internal", "error", fmt.Errorf("bug %d", i))
		}
		h.failures.flush()
		if got := lines(); len(got) != maxFailures+2 {
			t.Errorf("got %d lines, want %d and two for the others", len(got), maxFailures)
		}
	})
}
