//go:build !js

package native

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// refuse counts n wrong tokens from a remote address and returns the last answer.
func refuse(g *tokenGuard, remote string, n int) (wait time.Duration) {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = remote
	for range n {
		wait = g.refused(r)
	}
	return wait
}

func TestAnAddressWithTooManyWrongTokensHasToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTokenGuard(slog.New(slog.DiscardHandler))
		if wait := refuse(g, "192.0.2.1:1", freeRefusals); wait != 0 {
			t.Errorf("after %d wrong tokens the wait is %s", freeRefusals, wait)
		}
		if wait := refuse(g, "192.0.2.1:2", 1000); wait != refusalInterval {
			t.Errorf("after more the wait is %s, want %s", wait, refusalInterval)
		}
		if wait := refuse(g, "192.0.2.2:1", 1); wait != 0 {
			t.Errorf("another address has to wait for %s", wait)
		}
		time.Sleep(refusalInterval)
		if wait := refuse(g, "192.0.2.1:3", 1); wait != 0 {
			t.Errorf("afterwards the wait is %s", wait)
		}
		if wait := refuse(g, "192.0.2.1:3", 1); wait == 0 {
			t.Error("a second token after one interval needs no wait")
		}
		time.Sleep(time.Hour)
		if refuse(g, "192.0.2.1:3", freeRefusals) != 0 || refuse(g, "192.0.2.1:3", 1) == 0 {
			t.Error("an hour later it is not as at the beginning")
		}
	})
}

func TestWrongTokensAreSummedUpInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		g := newTokenGuard(log)
		for i := range 5000 {
			refuse(g, fmt.Sprintf("10.0.%d.%d:1", i/250, i%250), 1)
		}
		for i, n := range []int{2000, 30, 40, 50} {
			refuse(g, fmt.Sprintf("10.0.0.%d:5", i), n-1)
		}
		time.Sleep(2 * reportInterval)
		refuse(g, "[2001:db8::1:2]:80", 1)
		refuse(g, "[2001:db8::ffff]:80", 1)
		time.Sleep(2 * reportInterval)
		synctest.Wait()

		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		const line = `level=WARN msg="wrong API tokens refused" remote=`
		want := []string{
			line + "10.0.0.0 requests=2000", line + "10.0.0.3 requests=50", line + "10.0.0.2 requests=40", line + "10.0.0.1 requests=30",
			line + "10.0.0.10 requests=1",
			line + `"other addresses" requests=4995`,
			line + "2001:db8::/64 requests=2",
		}
		for i := range want {
			want[i] += " event=token_refused"
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheTableOfAddressesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTokenGuard(slog.New(slog.DiscardHandler))
		for i := range 3 * maxAddresses {
			refuse(g, fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), 1)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.buckets.Used() > maxAddresses || len(g.unreported) > maxAddresses || g.more != 2*maxAddresses {
			t.Errorf("%d buckets, %d unreported and %d more", g.buckets.Used(), len(g.unreported), g.more)
		}
	})
}
