//go:build !js

package api

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec/segment"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
	"edgeframe/session"
)

// cost is the cost of a request on Workers KV, which charges for every key that is read, written or
// deleted, and for every page of a listing.
type cost struct{ reads, writes, deletes, lists int }

func costOf(c *kvtest.Counting) cost {
	touched := c.Of(kvtest.OpTouch).Keys
	return cost{
		reads:   c.Of(kvtest.OpGet).Keys + touched + c.Of(kvtest.OpHealth).Calls,
		writes:  c.Of(kvtest.OpSet).Keys + touched,
		deletes: c.Of(kvtest.OpDelete).Keys,
		lists:   c.Of(kvtest.OpList).Calls + c.Of(kvtest.OpCount).Calls,
	}
}

// edgeFixture is an instance on an eventually consistent store.
func edgeFixture(t *testing.T, origin kv.Driver, inlineBytes int) (*fixture, *kvtest.Counting) {
	counting := kvtest.NewCounting(kvtest.NewEventual(origin))
	store := kv.New(counting, "")
	return newFixture(t, func(c *Config) {
		c.Store = store
		c.Sessions = session.New(session.Options{
			Store: store, MaxVersions: 5, CacheBytes: 1 << 20, InlineBytes: inlineBytes, FarStore: true,
			Segment: segment.Options{Method: "arrow", Compression: "snappy"},
		})
	}), counting
}

// charged are the requests in the table of docs/edge.md, one after another on a session of a table of one
// segment, which travels with the head or is in the store.
var charged = []struct{ method, path, body string }{
	{"POST", "/api/v1/sessions", "a,b\n1,x\n2,y\n"},
	{"GET", "/api/v1/sessions/{id}", ""},
	{"PATCH", "/api/v1/sessions/{id}", `{"filename":"x.csv"}`},
	{"POST", "/api/v1/sessions/{id}/touch", ""},
	{"GET", "/api/v1/sessions/{id}/data", ""},
	{"PATCH", "/api/v1/sessions/{id}/data", `{"operations":[{"op":"set_values","column":"a","rows":[0],"value":7}]}`},
	{"GET", "/api/v1/sessions/{id}/recipe", ""},
	{"GET", "/api/v1/sessions/{id}/diff?from=1", ""},
	{"GET", "/api/v1/sessions/{id}/cells?row=0&column=a", ""},
	{"POST", "/api/v1/sessions/{id}/data", "a,b\n3,z\n"},
	{"PUT", "/api/v1/sessions/{id}/data", "a,b\n4,w\n"},
	{"GET", "/api/v1/sessions/{id}/describe", ""},
	{"GET", "/api/v1/sessions/{id}/versions", ""},
	{"GET", "/api/v1/sessions/{id}/versions/{n}", ""},
	{"PUT", "/api/v1/sessions/{id}/versions/{n}/name", `{"name":"before"}`},
	{"DELETE", "/api/v1/sessions/{id}/versions/{n}/name", ""},
	{"POST", "/api/v1/sessions/{id}/versions", ""},
	{"POST", "/api/v1/sessions/{id}/undo", ""},
	{"POST", "/api/v1/sessions/{id}/redo", ""},
	{"POST", "/api/v1/sessions/{id}/versions/{n}/restore", ""},
	{"GET", "/api/v1/sessions/{id}/missing", ""},
	{"PUT", "/api/v1/sessions/{id}/missing", `{"a":[0]}`},
	{"GET", "/api/v1/sessions/{id}/audit", ""},
	{"POST", "/api/v1/sessions/{id}/audit", `{"entry":"x"}`},
	{"DELETE", "/api/v1/sessions/{id}", ""},
	{"GET", "/health", ""},
	{"GET", "/health/live", ""},
	{"GET", "/health/ready", ""},
	{"GET", "/health/storage", ""},
}

// measure sends the requests, each to an instance that has cached the session or to a new one, and
// returns their costs.
func measure(t *testing.T, warm bool, inlineBytes int) map[string]cost {
	origin := memory.New()
	f, calls := edgeFixture(t, origin, inlineBytes)
	costs := map[string]cost{}
	location := ""
	for _, c := range charged {
		if !warm {
			f, calls = edgeFixture(t, origin, inlineBytes)
		} else if location != "" && c.method != "DELETE" && !strings.HasPrefix(c.path, "/health") {
			f.do("GET", location+"/data", "")
		}
		calls.Reset()
		path := strings.NewReplacer("/api/v1/sessions/{id}", location, "{n}", "2").Replace(c.path)
		kind := "application/json"
		if !strings.HasPrefix(c.body, "{") {
			kind = "text/csv"
		}
		res := f.do(c.method, path, c.body, "Content-Type", kind)
		if res.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s %s: %d %s", c.method, c.path, res.StatusCode, res.body)
		}
		if location == "" {
			location = res.Header.Get("Location")
		}
		named, _, _ := strings.Cut(c.path, "?")
		costs[c.method+" "+strings.Replace(named, "/api/v1/sessions/{id}", "…", 1)] = costOf(calls)
	}
	return costs
}

func TestTheDocumentedCostsOnWorkersKVAreTheRealOnes(t *testing.T) {
	const none = -1
	cold, warm := measure(t, false, 0), measure(t, true, 0)
	coldStored, warmStored := measure(t, false, none), measure(t, true, none)
	real := map[string]string{}
	for name, c := range warm {
		stored := warmStored[name]
		real[name] = fmt.Sprintf("%d | %d | %d | %d | %d | %d | %d | %d", c.reads, cold[name].reads, c.writes,
			stored.reads, coldStored[name].reads, stored.writes, c.deletes, c.lists)
	}
	text, err := os.ReadFile(filepath.Join("..", "docs", "edge.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)` \\| ([0-9 |]+) \\|$").FindAllSubmatch(text, -1) {
		documented[string(row[1])] = string(row[2])
	}
	if diff := cmp.Diff(documented, real); diff != "" {
		for _, name := range slices.Sorted(maps.Keys(real)) {
			t.Logf("| `%s` | %s |", name, real[name])
		}
		t.Errorf("docs/edge.md and what requests cost differ: %s", diff)
	}
}
