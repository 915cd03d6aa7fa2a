//go:build !js

package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgeframe/kv"
	"edgeframe/kv/disk"
)

// damageStore is a server on an embedded store, without a listener, and its log.
type damageStore struct {
	t       *testing.T
	handler http.Handler
	store   *kv.Store
	log     *bytes.Buffer
}

// openDamaged serves the store in dir. It returns an error if the store is refused.
func openDamaged(t *testing.T, dir, sync string) (*damageStore, error) {
	t.Helper()
	cfg, _, err := Load([]string{"STORAGE_DIR=" + dir, "STORAGE_SYNC=" + sync, "CACHE_SIZE_MB=16", "ALLOWED_HOSTS=*"})
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	b, err := openBackend(cfg, planMemory(cfg, 1<<30, ""), NewLog(cfg, log))
	if err != nil {
		return nil, err
	}
	s := &damageStore{t: t, store: b.store, log: log}
	s.handler = newHandler(t.Context(), cfg, b, nil, NewLog(cfg, log).Logger, telemetry{})
	return s, nil
}

func (s *damageStore) close() {
	s.t.Helper()
	if err := s.store.Close(); err != nil {
		s.t.Errorf("close: %v", err)
	}
}

func (s *damageStore) do(method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "text/csv")
	} else if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	s.handler.ServeHTTP(w, r)
	return w
}

// table is a CSV table whose values do not compress.
func damageTable(seed, rows int) string {
	var b strings.Builder
	b.WriteString("a,b\n")
	x := uint64(seed)*2654435761 + 1
	for range rows {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		fmt.Fprintf(&b, "%d,%016x\n", x%1_000_000_007, x)
	}
	return b.String()
}

func (s *damageStore) create(table string) (path string) {
	s.t.Helper()
	w := s.do("POST", "/api/v1/sessions", table)
	var doc struct {
		ID string `json:"session_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusCreated {
		s.t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	return "/api/v1/sessions/" + doc.ID
}

// outcome is what reading a session says: "ok", "corrupt", "gone" or something that must not be.
func (s *damageStore) outcome(path, table string) string {
	w := s.do("GET", path+"/data?format=csv", "")
	switch {
	case w.Code == http.StatusOK && w.Body.String() == table:
		return "ok"
	case w.Code == http.StatusInternalServerError && strings.Contains(w.Body.String(), `"corrupt_session"`):
		return "corrupt"
	case w.Code == http.StatusNotFound:
		return "gone"
	}
	return fmt.Sprintf("%d %.200s", w.Code, w.Body)
}

// wellOf35 writes a store of 35 sessions: most in tables and value files, some in the log only.
func wellOf35(t *testing.T, dir, sync string) map[string]string {
	t.Helper()
	tables := map[string]string{}
	note := func(s *damageStore, path string) {
		if w := s.do("PATCH", path, `{"metadata":{"noted":1}}`); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	var last []string // the sessions of the last round, whose records get a newer version in this one
	for round := range 5 {
		var paths []string
		s, err := openDamaged(t, dir, sync)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 7 {
			table := damageTable(round*7+i, []int{20, 200, 1500, 6000}[i%4])
			path := s.create(table)
			tables[path] = table
			if i%2 == 0 {
				note(s, path)
			}
			if round > 0 && i%3 == 0 {
				note(s, last[i])
			}
			paths = append(paths, path)
		}
		last = paths
		s.close()
	}
	return tables
}

// damage is one way to damage files.
type damage struct {
	name string
	do   func(path string) error
}

func flipAt(fraction float64) damage {
	return damage{fmt.Sprintf("byte at %g", fraction), func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil || len(b) == 0 {
			return err
		}
		b[int(fraction*float64(len(b)-1))] ^= 0x5a
		return os.WriteFile(path, b, 0o600)
	}}
}

func cutAt(fraction float64) damage {
	return damage{fmt.Sprintf("cut at %g", fraction), func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, int64(fraction*float64(info.Size())))
	}}
}

var damages = []damage{
	flipAt(0), flipAt(0.3), flipAt(0.6), flipAt(0.9), flipAt(1), cutAt(0.5), cutAt(0),
	{"4 KiB of zeros", func(path string) error {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err == nil {
			_, err = f.WriteAt(make([]byte, min(4096, info.Size()/4)), info.Size()/3)
		}
		return errors.Join(err, f.Close())
	}},
	{"removed", os.Remove},
}

// largestFiles returns the largest file of each kind in the engine's directory.
func largestFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	largest, size := map[string]string{}, map[string]int64{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.TrimPrefix(filepath.Ext(e.Name()), ".")
		for _, prefix := range []string{"MANIFEST", "copy", "OPTIONS", "marker.manifest", "marker.format-version", "LOCK"} {
			if strings.HasPrefix(e.Name(), prefix) {
				kind = prefix
			}
		}
		if n, ok := size[kind]; !ok || info.Size() > n {
			largest[kind], size[kind] = e.Name(), info.Size()
		}
	}
	return largest
}

// damagesOf returns what can happen to a kind of file: locks and markers are empty.
func damagesOf(kind string) []damage {
	if kind == "LOCK" || strings.HasPrefix(kind, "marker") {
		return damages[len(damages)-1:]
	}
	return damages
}

// losesNothing are the kinds of files whose loss costs no session.
var losesNothing = []string{"MANIFEST", "copy", "OPTIONS", "marker.manifest", "marker.format-version", "LOCK"}

func TestDamagedFilesCostNoMoreThanWhatIsInThem(t *testing.T) {
	for _, sync := range []string{"interval", "always"} {
		t.Run(sync, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			tables := wellOf35(t, base, sync)
			files := largestFiles(t, filepath.Join(base, "sessions"))
			for _, kind := range []string{"sst", "blob", "log", "MANIFEST", "copy", "OPTIONS", "marker.manifest", "marker.format-version", "LOCK"} {
				name, ok := files[kind]
				if !ok {
					t.Fatalf("the store has no %s: %v", kind, files)
				}
				for _, d := range damagesOf(kind) {
					t.Run(kind+" "+d.name, func(t *testing.T) {
						wantServed(t, base, sync, kind, name, d, tables)
					})
				}
			}
		})
	}
}

func wantServed(t *testing.T, base, sync, kind, name string, d damage, tables map[string]string) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
		t.Fatal(err)
	}
	if err := d.do(filepath.Join(dir, "sessions", name)); err != nil {
		t.Fatal(err)
	}
	s, err := openDamaged(t, dir, sync)
	if err != nil {
		if !strings.Contains(err.Error(), "edgeframe repair") || strings.Contains(err.Error(), "\n") {
			t.Fatalf("the start is refused with %q", err)
		}
		if _, err := disk.Repair(dir, disk.Options{}); err != nil {
			t.Fatalf("repair: %v", err)
		}
		if s, err = openDamaged(t, dir, sync); err != nil {
			t.Fatalf("after the repair: %v", err)
		}
	}
	got := map[string]int{}
	for path, table := range tables {
		outcome := s.outcome(path, table)
		got[outcome]++
		if outcome == "corrupt" {
			if w := s.do("DELETE", path, ""); w.Code != http.StatusNoContent {
				t.Errorf("DELETE of a damaged session: %d %s", w.Code, w.Body)
			}
			if again := s.outcome(path, table); again != "gone" {
				t.Errorf("after DELETE: %s", again)
			}
		}
	}
	if got["ok"]+got["corrupt"]+got["gone"] != len(tables) {
		t.Errorf("sessions are %v", got)
	}
	if slices.Contains(losesNothing, kind) && got["ok"] != len(tables) || got["ok"] < len(tables)/5 || strings.HasPrefix(d.name, "byte") && got["ok"] < len(tables)*2/3 {
		t.Errorf("sessions are %v", got)
	}
	health := s.do("GET", "/health/storage", "")
	tells := strings.Contains(health.Body.String(), `"damaged":`) && strings.Contains(health.Body.String(), `"error":"`)
	if health.Code != http.StatusOK || got["corrupt"] > 0 && !tells {
		t.Errorf("health: %d %s", health.Code, health.Body)
	}
	if kind == "sst" || kind == "blob" {
		wantSame(t, s, dir, sync, tables)
		if s, err = openDamaged(t, dir, sync); err != nil {
			t.Fatal(err)
		}
	}
	more := damageTable(4711, 300)
	if path := s.create(more); s.outcome(path, more) != "ok" {
		t.Error("a new session is not served")
	}
	s.close()
	for _, noise := range []string{"carrier", "goroutine", "panic", "attached stack"} {
		if strings.Contains(s.log.String(), noise) {
			t.Errorf("the log has %q: %s", noise, s.log)
		}
	}
	if t.Failed() {
		t.Logf("%v; %s", got, s.log)
	}
}

// wantSame closes the store and checks that after the next start every session is as it was: neither is
// one lost by mending what the first start has found, nor does a deleted one come back.
func wantSame(t *testing.T, s *damageStore, dir, sync string, tables map[string]string) {
	t.Helper()
	before := map[string]string{}
	for path, table := range tables {
		before[path] = s.outcome(path, table)
	}
	s.close()
	again, err := openDamaged(t, dir, sync)
	if err != nil {
		t.Fatalf("the second start: %v", err)
	}
	for path, table := range tables {
		if got := again.outcome(path, table); got != before[path] {
			t.Errorf("%s is %s after the second start, and was %s", path, got, before[path])
		}
	}
	again.close()
}
