//go:build linux

package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// cost is what a request may cost of CPU time if it goes on for longer than its client.
const cost = time.Second

// expensive is a request that costs much CPU, of clients that leave after a second.
type expensive struct {
	name    string
	clients int
	of      func(w *world) request
}

var expensives = []expensive{
	{"998 comparisons of 1,000,000 rows", 3, func(w *world) request {
		var comparisons strings.Builder
		for i := range 998 {
			fmt.Fprintf(&comparisons, `,{"column":"a","cmp":"eq","value":%d}`, -1-i)
		}
		return tryOut(w.million, fmt.Appendf(nil, `{"operations":[{"op":"filter","where":{"or":[%s]}}]}`, comparisons.String()[1:]))
	}},
	{"in with 1,000,000 values on two rows", 1, func(w *world) request {
		return tryOut(w.tiny, numbers(`{"operations":[{"op":"filter","where":{"column":"a","cmp":"in","value":[`, 1_000_000, `]}}]}`))
	}},
	{"in with 49 MiB of values", 1, func(w *world) request {
		return tryOut(w.part, repeated(`{"operations":[{"op":"filter","where":{"column":"c0","cmp":"in","value":[`, "1", `]}}]}`, 49*mib))
	}},
	{"1,000 selections of 3,000 columns", 1, func(w *world) request {
		names, _ := json.Marshal(wideNames())
		operations := strings.Repeat(fmt.Sprintf(`,{"op":"select_columns","columns":%s}`, names), 1000)
		return tryOut(w.wide, fmt.Appendf(nil, `{"operations":[%s]}`, operations[1:]))
	}},
	{"sort of 1,400,000 rows", 1, func(w *world) request { return tryOut(w.whole, sortBy(0)) }},
}

// TestCPU sends requests that cost much CPU and leaves after a second. They must have cost less than
// a second each by then, or end with their client.
func TestCPU(t *testing.T) {
	w := newWorld(t)
	w.server = testenv.StartPlainServer(t, w.env...)
	for _, e := range expensives {
		t.Run(e.name, func(t *testing.T) {
			r := e.of(w)
			ctx, leave := context.WithTimeout(t.Context(), time.Second)
			defer leave()
			before := w.server.CPU()
			replies := together(ctx, w.server.URL, e.clients, func(int) request { return r })
			begin := time.Now()
			if ctx.Err() == nil {
				time.Sleep(50 * time.Millisecond) // what the server does after the last byte
				used := w.server.CPU() - before
				t.Logf("%s; it cost %s of CPU", summary(replies), used)
				if used > cost*time.Duration(e.clients) {
					t.Errorf("%d requests cost %s of CPU", e.clients, used)
				}
				for _, r := range replies {
					if err := r.check(); err != nil {
						t.Error(err)
					}
				}
				return
			}
			w.endsWith(t, begin, before)
		})
	}
}

// endsWith checks that the server is idle 200 ms after its clients have left.
func (w *world) endsWith(t *testing.T, left time.Time, before time.Duration) {
	t.Helper()
	const idle = 200 * time.Millisecond // of CPU in a second: collecting garbage and little else
	atLeaving := w.server.CPU()
	time.Sleep(200*time.Millisecond - time.Since(left))
	begin, ended := time.Now(), w.server.CPU()
	time.Sleep(time.Second)
	used := w.server.CPU() - ended
	t.Logf("the clients left after a second, when it had cost %s of CPU; %s more in 200 ms, and then %s in %s", atLeaving-before, ended-atLeaving, used, time.Since(begin).Round(time.Millisecond))
	if used < idle {
		return
	}
	t.Errorf("200 ms after its clients had left, the server used %s of CPU in a second", used)
	for end := time.Now().Add(patience); used >= idle && time.Now().Before(end); {
		last := w.server.CPU()
		time.Sleep(time.Second)
		used = w.server.CPU() - last
	}
	t.Logf("it went on for %s and used %s of CPU in all", time.Since(left).Round(time.Second), w.server.CPU()-before)
}

// TestDescriptionsAreMadeOnce describes a new table, and then another one from twelve clients at the
// same time.
func TestDescriptionsAreMadeOnce(t *testing.T) {
	w := &world{t: t}
	w.server = testenv.StartPlainServer(t, "STORAGE_DIR="+t.TempDir())
	rows := manyRows()
	describe := func(clients int) time.Duration {
		session := w.create(streamType, stream(rows, 2))
		before := w.server.CPU()
		replies := together(t.Context(), w.server.URL, clients, func(int) request {
			return request{method: "GET", path: sessions + "/" + session + "/describe"}
		})
		for _, r := range replies {
			if !r.ok() {
				t.Errorf("status %d, %v: %.300s", r.status, r.err, r.problem)
			}
		}
		used := w.server.CPU() - before
		t.Logf("%d clients: %s of CPU; %s", clients, used, summary(replies))
		return used
	}
	alone := describe(1)
	if all := describe(12); all > alone*3/2+200*time.Millisecond {
		t.Errorf("twelve descriptions at once cost %s of CPU, one costs %s", all, alone)
	}
}
