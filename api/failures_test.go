package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
)

// secret stands for text in a driver's errors that clients must not see.
const secret = "dial redis://user:hunter2@10.0.0.5"

// failOn makes the named operations of the store fail.
func (f *fixture) failOn(ops ...string) {
	f.driver.Hook = func(op string, _ []string) error {
		if slices.Contains(ops, op) {
			return errors.New(secret)
		}
		return nil
	}
}

func TestAFailingStoreIsUnavailable(t *testing.T) {
	f := newFixture(t, inStore)
	path := f.upload("a,b\n1,x\n")
	edit := `{"operations":[{"op":"set_values","column":"a","rows":[0],"value":5}]}`
	tests := []struct {
		name, op, method, target, body string
	}{
		{"reading the head", kvtest.OpGet, "GET", path, ""},
		{"reading the data", kvtest.OpGet, "GET", path + "/data", ""},
		{"storing segments on upload", kvtest.OpSet, "POST", "/api/v1/sessions", "a\n1\n"},
		{"storing the head on upload", kvtest.OpCompareAndSwap, "POST", "/api/v1/sessions", "a\n1\n"},
		{"storing segments on edit", kvtest.OpSet, "PATCH", path + "/data", edit},
		{"storing the head on edit", kvtest.OpCompareAndSwap, "PATCH", path + "/data", edit},
		{"storing the head on snapshot", kvtest.OpCompareAndSwap, "POST", path + "/versions", ""},
		{"deleting", kvtest.OpDelete, "DELETE", path, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.log.Reset()
			f.failOn(tt.op)
			res := f.do(tt.method, tt.target, tt.body, "Content-Type", "text/csv")
			f.failOn()
			f.wantProblem(res, http.StatusServiceUnavailable, "storage_unavailable")
			if got := res.Header.Get("Retry-After"); got != "1" {
				t.Errorf("Retry-After %q", got)
			}
			for _, word := range []string{"hunter2", "redis", "{", "seg:"} {
				if strings.Contains(f.decode(res)["detail"].(string), word) {
					t.Errorf("the answer tells internals: %s", res.body)
				}
			}
			for _, name := range []string{"ETag", "Location", "Link"} {
				if v := res.Header.Get(name); v != "" {
					t.Errorf("a problem with %s: %s", name, v)
				}
			}
			if !strings.Contains(f.log.String(), secret) {
				t.Errorf("the log does not tell the cause: %s", f.log)
			}
			if doc := f.decode(f.do("GET", path, "")); doc["revision"] != 1.0 {
				t.Errorf("the failed request left revision %v", doc["revision"])
			}
		})
	}
}

func TestAStoreThatOnlyReadsStillServesReads(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	f.failOn(kvtest.OpSet, kvtest.OpCompareAndSwap, kvtest.OpTouch, kvtest.OpDelete)
	f.wantStatus(f.do("GET", path, ""), http.StatusOK)
	f.wantStatus(f.do("GET", path+"/data", ""), http.StatusOK)
}

func TestAClientThatLeavesIsNotAnInternalError(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	f.driver.Hook = func(string, []string) error { return context.Canceled }
	f.wantProblem(f.do("GET", path, ""), http.StatusServiceUnavailable, "storage_unavailable")
}

// damage overwrites every stored value whose key contains part.
func (f *fixture) damage(part string, change func([]byte) []byte) {
	f.Helper()
	ctx := context.Background()
	page, err := f.driver.Driver.List(ctx, "", "", 100)
	if err != nil {
		f.Fatal(err)
	}
	found := false
	for _, key := range page.Keys {
		if !strings.Contains(key, part) {
			continue
		}
		found = true
		values, err := f.driver.Driver.Get(ctx, []string{key})
		if err != nil {
			f.Fatal(err)
		}
		if err := f.driver.Driver.Set(ctx, []kv.Item{{Key: key, Value: change(slices.Clone(values[0]))}}, time.Hour); err != nil {
			f.Fatal(err)
		}
	}
	if !found {
		f.Fatalf("no key with %q among %q", part, page.Keys)
	}
}

func TestDamagedDataIsNeverServed(t *testing.T) {
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	tests := []struct {
		name, part, target string
		change             func([]byte) []byte
	}{
		{"a head with a flipped bit", ":head", "", flip},
		{"a head that is cut off", ":head", "", func(b []byte) []byte { return b[:len(b)/2] }},
		{"a head that is empty", ":head", "", func([]byte) []byte { return []byte{} }},
		{"a head of the future", ":head", "", func(b []byte) []byte { b[16] = 200; return b }},
		{"a segment with a flipped bit", ":seg:", "/data", flip},
		{"a segment that is empty", ":seg:", "/data", func([]byte) []byte { return []byte{} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t, inStore)
			path := f.upload("a,b\n1,x\n2,y\n")
			f.damage(tt.part, tt.change)
			f.wantProblem(f.do("GET", path+tt.target, ""), http.StatusInternalServerError, "corrupt_session")
			if !strings.Contains(f.log.String(), "corrupt_session") {
				t.Errorf("the log: %s", f.log)
			}
		})
	}
}

// The document of a session is in the head apart from the table that the head carries.
func TestADamagedTableInAHeadIsNeverServed(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a,b\n1,x\n2,y\n")
	f.damage(":head", func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
	f.wantStatus(f.do("GET", path, ""), http.StatusOK)
	for _, below := range []string{"/data", "/data?format=arrow", "/describe"} {
		detail := f.wantProblem(f.do("GET", path+below, ""), http.StatusInternalServerError, "corrupt_session")
		if !strings.Contains(detail, ":seg:") {
			t.Errorf("%s: detail %q does not name the segment", below, detail)
		}
	}
}

func TestAMissingSegmentIsNamed(t *testing.T) {
	f := newFixture(t, inStore)
	path := f.upload("a\n1\n")
	page, err := f.driver.Driver.List(context.Background(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range page.Keys {
		if strings.Contains(key, ":seg:") {
			if err := f.driver.Driver.Delete(context.Background(), []string{key}); err != nil {
				t.Fatal(err)
			}
		}
	}
	detail := f.wantProblem(f.do("GET", path+"/data", ""), http.StatusInternalServerError, "corrupt_session")
	if !strings.Contains(detail, ":seg:") {
		t.Errorf("detail %q does not name the segment", detail)
	}
}

func TestUnknownErrorsKeepTheirTextToThemselves(t *testing.T) {
	for code, err := range map[string]error{
		"internal":            errors.New(secret),
		"dataframe_too_large": &kv.Error{Op: "set", Key: "{id}:seg:1", Kind: kv.ErrTooLarge, Err: errors.New(secret)},
		"storage_unavailable": &kv.Error{Op: "set", Key: "{id}:seg:1", Kind: kv.ErrUnavailable, Err: errors.New(secret)},
	} {
		p := toProblem(err)
		if p.Code != code || strings.Contains(p.Detail, "redis") || strings.Contains(p.Detail, "seg:") {
			t.Errorf("%+v", p)
		}
	}
}
