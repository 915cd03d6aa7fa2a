//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
)

// The concurrency tests send real requests concurrently. Each must be answered with success or 409,
// and the session must have exactly the changes of the successful ones.
var concurrencyTests = []test{
	{"of two concurrent edits both are applied or one is a conflict, and none is lost", func(c *client) {
		s := c.create("n,a,b\n0,0,0\n")
		for round := 1; round <= 100; round++ {
			statuses := c.together(
				func() *answer { return s.racing("PATCH", "/data", setCell("a", round)) },
				func() *answer { return s.racing("PATCH", "/data", setCell("b", round)) },
			)
			row := s.page().Data.Data[0]
			for i, status := range statuses {
				if applied := row[i+1] == float64(round); applied != (status == http.StatusOK) {
					c.Fatalf("round %d: statuses %v, row %v", round, statuses, row)
				}
			}
		}
	}},
	{"of two concurrent edits with one If-Match exactly one is applied", func(c *client) {
		s := c.create("n,a,b\n0,0,0\n")
		for round := 1; round <= 30; round++ {
			match := "If-Match: " + s.get("").header.Get("ETag")
			statuses := c.together(
				func() *answer { return s.racing("PATCH", "/data", setCell("a", round), match) },
				func() *answer { return s.racing("PATCH", "/data", setCell("b", round), match) },
			)
			slices.Sort(statuses)
			// Without compare-and-swap the later one may get 409 instead of 412.
			if !cmp.Equal(statuses, []int{200, 412}) && (c.store.Capabilities.CompareAndSwap || !cmp.Equal(statuses, []int{200, 409})) {
				c.Fatalf("round %d: statuses %v", round, statuses)
			}
		}
	}},
	{"appends, snapshots, metadata and audit entries from many clients all arrive", func(c *client) {
		s := c.create("n\n")
		const writers, rounds = 6, 5
		var requests []func() *answer
		for w := range writers {
			requests = append(requests, func() (last *answer) {
				for range rounds {
					last = s.insist("POST", "/audit", map[string]string{"entry": fmt.Sprintf("writer %d", w)})
					if last.status == http.StatusCreated {
						last = s.insist("POST", "/data", "n\n1\n", "Content-Type: text/csv")
					}
					if last.status != http.StatusOK {
						return last
					}
				}
				return last
			})
		}
		for _, status := range c.together(requests...) {
			if status != http.StatusOK {
				c.Errorf("status %d", status)
			}
		}
		doc := s.document()
		if doc.Shape[0] != writers*rounds || doc.Revision != 1+2*writers*rounds || len(s.audit().Entries) != 1+2*writers*rounds {
			c.Errorf("%d rows at revision %d with %d audit entries", doc.Shape[0], doc.Revision, len(s.audit().Entries))
		}
	}},
	{"sixty-four writers of one session meet no conflict", func(c *client) {
		if !c.store.Capabilities.CompareAndSwap {
			return
		}
		const writers, rounds = 64, 3
		s := c.create("a\n" + strings.Repeat("0\n", writers))
		var requests []func() *answer
		for w := range writers {
			requests = append(requests, func() (last *answer) {
				for v := 1; v <= rounds; v++ {
					if w%2 == 0 {
						last = s.racing("PATCH", "/data", map[string]any{"operations": []op{{"op": "set_values", "column": "a", "rows": []int{w}, "value": v}}})
					} else {
						last = s.racing("PATCH", "", map[string]any{"metadata": map[string]any{fmt.Sprint(w): v}})
					}
					if last.status != http.StatusOK {
						return last
					}
				}
				return last
			})
		}
		for w, status := range c.together(requests...) {
			if status != http.StatusOK {
				c.Errorf("writer %d: status %d", w, status)
			}
		}
		if doc := s.document(); doc.Revision != 1+writers*rounds || strings.Count(string(doc.Metadata), fmt.Sprintf(":%d", rounds)) != writers/2 {
			c.Errorf("revision %d with the metadata %s", doc.Revision, doc.Metadata)
		}
		for w, row := range s.page().Data.Data {
			if want := float64(rounds * (1 - w%2)); row[0] != want {
				c.Errorf("row %d is %v, want %v", w, row[0], want)
			}
		}
	}},
	{"a reader beside a writer sees one version or another, never a mixture", func(c *client) {
		s := c.create("a,b\n" + strings.Repeat("0,0\n", 2000))
		all := make([]int, 2000)
		for i := range all {
			all[i] = i
		}
		done := make(chan struct{})
		var readers sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				for reading := true; reading; {
					select {
					case <-done:
						reading = false
					default:
					}
					a := s.racing("GET", "/data?format=csv&column=a&column=b", nil)
					lines := strings.Split(strings.TrimSpace(string(a.body)), "\n")
					if a.status != http.StatusOK || len(lines) != 2001 {
						c.Errorf("status %d, %d lines: %s", a.status, len(lines), shorten(string(a.body)))
						return
					}
					for _, line := range lines[1:] {
						if x, y, _ := strings.Cut(line, ","); line != lines[1] || x != y {
							c.Errorf("row %q beside %q", line, lines[1])
							return
						}
					}
				}
			})
		}
		for v := 1; v <= 15; v++ {
			s.edit(
				op{"op": "set_values", "column": "a", "rows": all, "value": v},
				op{"op": "set_values", "column": "b", "rows": all, "value": v},
			)
		}
		close(done)
		readers.Wait()
	}},
}

func setCell(column string, value int) map[string]any {
	return map[string]any{"operations": []op{{"op": "set_values", "column": column, "rows": []int{0}, "value": value}}}
}

// racing is do for goroutines. For a request without an answer it returns status 0.
func (s *sess) racing(method, below string, body any, headers ...string) *answer {
	a, err := s.try(method, s.path("")+below, body, headers...)
	if err != nil {
		s.Errorf("%s %s: %v", method, below, err)
		return &answer{c: s.client}
	}
	return a
}

// insist is racing for changes that must succeed. With compare-and-swap the server retries; without,
// insist repeats the request after a conflict.
func (s *sess) insist(method, below string, body any, headers ...string) (a *answer) {
	for range 1000 {
		a = s.racing(method, below, body, headers...)
		if a.status != http.StatusConflict || s.store.Capabilities.CompareAndSwap {
			break
		}
	}
	return a
}

// together sends requests concurrently and returns their statuses.
func (c *client) together(requests ...func() *answer) []int {
	statuses := make([]int, len(requests))
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, send := range requests {
		group.Go(func() {
			<-start
			statuses[i] = send().status
		})
	}
	close(start)
	group.Wait()
	return statuses
}
