//go:build linux

package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

const (
	// limit is the memory of the cgroup of the server.
	limit = 2 << 30
	// slack is how much more than when it was idle the server may take some time after an attack.
	slack = 150 << 20
	// settling is the time after which it has to be back there.
	settling = 30 * time.Second
	// shortest is how long the server is watched at least.
	shortest = 2 * time.Second
	// patience bounds the wait for the answers to one attack.
	patience = 90 * time.Second
)

// world is a server on a store that has the tables.
type world struct {
	*tables
	t      *testing.T
	limit  *testenv.MemoryLimit
	server *testenv.Server
	// idle is what the server takes when its caches are filled and nobody asks.
	idle int64
}

// tables are the ids of sessions in a directory.
type tables struct {
	env []string
	// whole has 1,400,000 rows and takes 434 MB in memory, halves take 217 MB each, part has
	// 100,000 rows, million has 1,000,000 in one column, marked has marks for all its rows, tiny has
	// two rows, wide 3,000 columns. Nobody but the prober uses small.
	whole, part, million, marked, tiny, wide, small string
	halves                                          [2]string
}

// stored are the tables that all tests share, in directory. TestMain removes it.
var (
	stored    *tables
	directory string
)

// newWorld returns the tables without a server. It stores them first, with a server that has no
// limit, if no other test has.
func newWorld(t *testing.T) *world {
	t.Helper()
	if stored != nil {
		return &world{t: t, tables: stored}
	}
	var err error
	if directory, err = os.MkdirTemp("", "edgeframe-attack-"); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	w := &world{t: t, tables: &tables{env: []string{"STORAGE_DIR=" + directory, "SESSION_TIMEOUT_MINUTES=600"}}}
	w.server = testenv.StartPlainServer(t, w.env...)
	rows := manyRows()
	w.whole = w.create(streamType, stream(rows, 14))
	w.halves = [2]string{w.create(streamType, stream(rows, 7)), w.create(streamType, stream(rows, 7))}
	w.part = w.create(streamType, stream(rows, 1))
	w.tiny = w.create(csvType, strings.NewReader("a\n1\n2\n"))
	w.small = w.create(csvType, strings.NewReader("n\n0\n0\n0\n"))
	w.wide = w.create(csvType, strings.NewReader(strings.Join(wideNames(), ",")+strings.Repeat("\n1"+strings.Repeat(",1", wideColumns-1), 2)+"\n"))
	w.million = w.create(csvType, bytes.NewReader(bytes.ReplaceAll(numbers("a,", 1_000_000, ","), []byte(","), []byte("\n"))))
	w.marked = w.mark(5_500_000)
	if code := w.server.Stop(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, w.server.Logs())
	}
	t.Logf("the tables took %.1f s", time.Since(begin).Seconds())
	stored, w.server = w.tables, nil
	return w
}

const wideColumns = 3000

func wideNames() []string {
	names := make([]string, wideColumns)
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i)
	}
	return names
}

// mark creates a session of so many rows and marks each as missing on purpose. If the server accepts
// fewer marks, it marks as many of the first rows as it can by halving.
func (w *world) mark(rows int) (session string) {
	w.t.Helper()
	session = w.create(csvType, strings.NewReader("a\n"+strings.Repeat("1\n", rows)))
	for marks := rows; marks > 0; marks /= 2 {
		got := send(w.t.Context(), w.server.URL, request{method: "PUT", path: sessions + "/" + session + "/missing", body: numbers(`{"a":[`, marks, "]}")})
		if got.ok() {
			w.t.Logf("%d marks are accepted", marks)
			return session
		}
		if got.status != http.StatusRequestEntityTooLarge && got.status != http.StatusUnprocessableEntity {
			w.t.Fatalf("marks: status %d, %v: %.300s", got.status, got.err, got.problem)
		}
	}
	w.t.Fatal("no marks are accepted")
	return ""
}

// sessions is the path of all sessions.
const sessions = "/api/v1/sessions"

// create uploads a table and returns the id of its session.
func (w *world) create(contentType string, body io.Reader) (session string) {
	w.t.Helper()
	answer, err := http.Post(w.server.URL+sessions, contentType, body)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	var doc struct {
		ID string `json:"session_id"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&doc); err != nil || answer.StatusCode != http.StatusCreated {
		w.t.Fatalf("upload of %s: status %d, %v", contentType, answer.StatusCode, err)
	}
	return doc.ID
}

// serve starts the limited server, if it does not run, and reads enough to fill its caches.
func (w *world) serve(t *testing.T) {
	t.Helper()
	if w.server != nil {
		select {
		case <-w.server.Exited():
		default:
			return
		}
	}
	w.server = testenv.StartLimitedServer(w.t, w.limit, w.env...)
	for batch := range 14 {
		got := send(t.Context(), w.server.URL, request{method: "GET", path: fmt.Sprintf("%s/%s/data?offset=%d&limit=1000", sessions, w.whole, batch*batchRows)})
		if !got.ok() {
			t.Fatalf("a page: status %d, %v", got.status, got.err)
		}
	}
	w.idle = w.server.Resident()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		w.idle = min(w.idle, w.server.Resident())
	}
	load, _ := os.ReadFile("/proc/loadavg")
	t.Logf("the server takes %d MB when idle; limit of memory by the kernel: %v; load of the machine: %s", w.idle>>20, w.limit.Enforced(), bytes.TrimSpace(load))
}

// watch observes the server while an attack runs.
type watch struct {
	server *testenv.Server
	prober *prober
	// ctx ends with the server, or when patience is over.
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
	begin  time.Time
	peak   int64
}

func (w *world) watch(t *testing.T) *watch {
	t.Helper()
	s := &watch{server: w.server, prober: startProber(t, w.server, w.small), begin: time.Now()}
	s.ctx, s.cancel = context.WithTimeout(t.Context(), patience)
	s.group.Go(func() {
		for {
			select {
			case <-s.server.Exited():
				s.cancel()
				return
			case <-s.ctx.Done():
				return
			case <-time.After(20 * time.Millisecond):
				if s.peak = max(s.peak, s.server.Resident()); s.peak >= limit {
					s.server.Kill9() // as the kernel does where it has the limit
				}
			}
		}
	})
	return s
}

// stop ends the observation and checks what was seen. late says which answers took too long: the
// machine may have caused that, so the caller decides.
func (s *watch) stop(t *testing.T) (alive bool, late []string) {
	t.Helper()
	took := time.Since(s.begin)
	// After a short attack too, each probe asks a few times.
	time.Sleep(time.Until(s.begin.Add(shortest)))
	ended := s.server.Resident() == 0
	if ended {
		<-s.server.Exited() // a process loses its memory and its connections a moment before it ends
	}
	s.cancel()
	s.group.Wait()
	found := s.prober.stop(t)
	t.Logf("after %.1f s: at most %d MB resident; live: %v; storage: %v; edits: %v; the machine: %v",
		took.Seconds(), s.peak>>20, found.Live, found.Storage, found.Edit, found.Machine)
	if ended {
		t.Errorf("the server ended after %.1f s: %v", took.Seconds(), s.server.Cmd.ProcessState)
		return false, nil
	}
	if s.peak >= limit {
		t.Errorf("%d MB were resident, the limit is %d MB", s.peak>>20, limit>>20)
	}
	// The machine is as busy for the server as for the probes.
	if most := 100*time.Millisecond + found.Machine.Slowest; found.Live.Slowest > most {
		late = append(late, fmt.Sprintf("/health/live took %s, at most %s are expected", found.Live.Slowest, most))
	}
	if found.Storage.Slowest > 2*time.Second {
		late = append(late, fmt.Sprintf("/health/storage took %s, at most 2s are expected", found.Storage.Slowest))
	}
	if found.Edit.P99 > 2*time.Second {
		late = append(late, fmt.Sprintf("edits of a small session took %s (p99), at most 2s are expected", found.Edit.P99))
	}
	for name, l := range map[string]latencies{"/health/live": found.Live, "/health/storage": found.Storage, "a small edit": found.Edit} {
		if l.Count == 0 {
			t.Errorf("%s was never asked for", name)
		}
		for _, failure := range l.Failed {
			t.Errorf("%s failed: %s", name, failure)
		}
	}
	return true, late
}

// settles waits until the server has given its memory back.
func (w *world) settles(t *testing.T) {
	t.Helper()
	begin := time.Now()
	for {
		now := w.server.Resident()
		if took := time.Since(begin); now <= w.idle+slack {
			t.Logf("%d MB resident %.1f s after the attack", now>>20, took.Seconds())
			return
		} else if took > settling {
			t.Errorf("%d MB resident %.0f s after the attack, %d MB when idle", now>>20, took.Seconds(), w.idle>>20)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}
