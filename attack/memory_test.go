//go:build linux

package attack

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

const (
	// mb is of files, mib of the limit of request bodies, which is 50 MiB.
	mb  = 1_000_000
	mib = 1 << 20
)

// attack is a row of the table of attacks.
type attack struct {
	name string
	// run attacks until ctx ends or all clients have their answers, which it returns.
	run func(ctx context.Context, w *world) []reply
	// served says that at least one of the requests has to succeed, because there is memory for one.
	served bool
}

// many is an attack of n clients that send the same request at the same time.
func many(n int, of func(w *world) request) func(context.Context, *world) []reply {
	return func(ctx context.Context, w *world) []reply {
		r := of(w)
		return together(ctx, w.server.URL, n, func(int) request { return r })
	}
}

// tryOut is a request for what an edit would do.
func tryOut(session string, document []byte) request {
	return request{method: "PATCH", path: sessions + "/" + session + "/data?dry_run=true", body: document}
}

func download(session, parameters string) request {
	return request{method: "GET", path: sessions + "/" + session + "/data?" + parameters}
}

var attacks = []attack{
	{"bomb", func(ctx context.Context, w *world) []reply {
		file, err := bomb()
		if err != nil {
			w.t.Fatal(err)
		}
		return together(ctx, w.server.URL, 40, func(int) request {
			return request{method: "POST", path: sessions, contentType: streamType, body: file}
		})
	}, true},
	{"parquet", unpacked, true},
	{"in", many(4, func(w *world) request {
		return tryOut(w.part, repeated(`{"operations":[{"op":"filter","where":{"column":"c0","cmp":"in","value":[`, "1", `]}}]}`, 49*mib))
	}), false},
	{"operations", many(4, func(w *world) request {
		return tryOut(w.part, repeated(`{"operations":[`, "{}", `]}`, 49*mib))
	}), false},
	{"values", many(4, func(w *world) request {
		return tryOut(w.part, repeated(`{"operations":[{"op":"add_column","column":"new","values":[`, "1", `]}]}`, 49*mib))
	}), false},
	{"arrow", many(12, func(w *world) request { return download(w.whole, "format=arrow") }), true},
	{"head", many(6, func(w *world) request {
		r := download(w.whole, "format=arrow")
		r.method = "HEAD"
		return r
	}), true},
	{"stalled", stalled, true},
	{"formats", formats, true},
	{"upload", func(ctx context.Context, w *world) []reply {
		file := csvFile(42 * mb)
		return together(ctx, w.server.URL, 60, func(client int) request {
			return request{method: "POST", path: sessions, contentType: csvType, body: file, waits: client%2 == 0}
		})
	}, true},
	{"hold", held, true},
	{"sort", func(ctx context.Context, w *world) []reply {
		return together(ctx, w.server.URL, 4, func(client int) request { return tryOut(w.whole, sortBy(client)) })
	}, true},
	{"sorts that commit", func(ctx context.Context, w *world) []reply {
		return together(ctx, w.server.URL, len(w.halves), func(client int) request {
			return request{method: "PATCH", path: sessions + "/" + w.halves[client] + "/data", body: sortBy(client)}
		})
	}, true},
	{"marks", many(20, func(w *world) request { return request{method: "GET", path: sessions + "/" + w.marked} }), true},
	{"missing", many(20, func(w *world) request { return request{method: "GET", path: sessions + "/" + w.marked + "/missing"} }), true},
	{"pages", many(100, func(w *world) request { return download(w.whole, "limit=10000") }), true},
}

func sortBy(column int) []byte {
	return fmt.Appendf(nil, `{"operations":[{"op":"sort","by":[{"column":"c%d"},{"column":"c2"}]}]}`, 5*column)
}

// tries is how often an attack is made if answers beside it take too long. Others use the machine as well,
// and a single answer may be late because of them. A server that keeps small requests waiting does so
// each time.
const tries = 3

// TestMemory attacks a server that has 2 GiB of memory. It must live, answer everybody, serve small
// requests meanwhile, and give its memory back.
func TestMemory(t *testing.T) {
	w := newWorld(t)
	w.limit = testenv.LimitMemory(t, limit)
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			for try := 1; ; try++ {
				late := w.suffer(t, a)
				if len(late) == 0 {
					return
				}
				t.Logf("try %d of %d: %s", try, tries, strings.Join(late, "; "))
				if try == tries {
					t.Fatal("answers were late each time")
				}
			}
		})
	}
}

// suffer makes an attack and checks everything but the times of answers. It returns which answers were
// late.
func (w *world) suffer(t *testing.T, a attack) (late []string) {
	t.Helper()
	w.serve(t)
	s := w.watch(t)
	replies := a.run(s.ctx, w)
	alive, late := s.stop(t)
	t.Log(summary(replies))
	if !alive {
		return nil
	}
	served, wrong := false, 0
	for _, r := range replies {
		served = served || r.ok()
		if err := r.check(); err != nil {
			if wrong++; wrong <= 3 {
				t.Errorf("an answer after %s: %v", r.took, err)
			}
		}
	}
	if wrong > 3 {
		t.Errorf("%d of %d answers are such", wrong, len(replies))
	}
	if a.name == "upload" {
		refusedInTime(t, replies)
	}
	if a.served && !served {
		t.Error("no request succeeded, though there is memory for one")
	}
	w.settles(t)
	return late
}

// refusedInTime checks that most clients that wait for "100 Continue" are refused before they send
// their bodies. Others may be refused while their files are decoded.
func refusedInTime(t *testing.T, replies []reply) {
	t.Helper()
	refused, waited := 0, 0
	for client, r := range replies {
		if client%2 == 0 && !r.ok() {
			refused++
			if r.waited {
				waited++
			}
		}
	}
	t.Logf("%d clients that waited were refused, %d of them before they sent their bodies", refused, waited)
	if waited*2 < refused {
		t.Errorf("%d clients sent their bodies in vain", refused-waited)
	}
}
