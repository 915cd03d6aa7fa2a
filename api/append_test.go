//go:build !js

package api

import (
	"net/http"
	"strings"
	"testing"

	"edgeframe/codec/segment"
	"edgeframe/kv"
	"edgeframe/kv/memory"
	"edgeframe/session"
)

// An instance reads an appended file by the types that it knows. Here another one has changed them since then, so
// the file is read again.
func TestAnAppendedFileIsReadByTheTypesOfTheTableInTheStore(t *testing.T) {
	store := kv.New(memory.New(), "")
	var at [2]*fixture
	for i := range at {
		at[i] = newFixture(t, func(c *Config) {
			c.Store = store
			c.Sessions = session.New(session.Options{
				Store: store, CacheBytes: 1 << 20, FarStore: true,
				Segment: segment.Options{Method: "arrow", Compression: "snappy"},
			})
		})
	}
	const csv, document = "text/csv", "application/json"
	sess := at[0].do("POST", "/api/v1/sessions", "a,b\n1,x\n", "Content-Type", csv).Header.Get("Location")
	cast := at[1].do("PATCH", sess+"/data", `{"operations":[{"op":"cast","column":"a","dtype":"utf8"}]}`, "Content-Type", document)
	if cast.StatusCode != http.StatusOK {
		t.Fatal(cast.StatusCode, cast.body)
	}
	for _, key := range []string{"", "?key=b"} {
		if res := at[0].do("POST", sess+"/data"+key, "a,b\n007,y\n", "Content-Type", csv); res.StatusCode != http.StatusOK {
			t.Fatal(res.StatusCode, res.body)
		}
		if res := at[1].do("GET", sess+"/data?format=csv", ""); !strings.Contains(res.body, "007,y\n") {
			t.Errorf("the table is %q", res.body)
		}
		at[1].do("POST", sess+"/undo", "")
	}
}
