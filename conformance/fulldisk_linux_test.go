package conformance

import (
	"net/http"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"edgeframe/internal/testenv"
)

// TestAFullDiskIsAnswered prevents all files of the server from growing, as on a full disk, and then
// permits it again.
func TestAFullDiskIsAnswered(t *testing.T) {
	server := testenv.StartServer(t, "STORAGE_DIR="+t.TempDir())
	c := newClient(t, Target{URL: server.URL})
	s := c.create(people)
	before := s.state()
	limitFiles(t, server, 1)
	for range 3 {
		s.patch(setAge(1)).has("Retry-After", "1").refused(http.StatusServiceUnavailable, "storage_unavailable", "try again")
		c.do("POST", "/api/v1/sessions", people, "Content-Type: text/csv").refused(http.StatusServiceUnavailable, "storage_unavailable")
		if got := s.state(); got != before {
			t.Errorf("the session became\n%s\nit was\n%s", got, before)
		}
	}
	limitFiles(t, server, unix.RLIM_INFINITY)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if a := s.patch(setAge(1)); a.status == http.StatusOK {
			break
		} else if time.Now().After(end) {
			a.is(http.StatusOK)
		}
	}
	if s.age() != 1 || len(s.versionsAreWhole()) != 2 {
		t.Errorf("age %d, versions %v", s.age(), s.versions().ids())
	}
}

// A change that a full disk has rejected is seen once it is stored, not before.
func TestAChangeOnAFullDiskIsNotShown(t *testing.T) {
	server := testenv.StartServer(t, "STORAGE_DIR="+t.TempDir())
	c := newClient(t, Target{URL: server.URL})
	s := c.create(people)
	s.edit(setAge(1))
	before := s.state()
	limitFiles(t, server, 1)
	c.do("POST", s.path("/undo"), nil).refused(http.StatusServiceUnavailable, "storage_unavailable")
	if got := s.state(); got != before {
		t.Errorf("after an undo that was not acknowledged the session is\n%s\nit was\n%s", got, before)
	}
	limitFiles(t, server, unix.RLIM_INFINITY)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		// The first one may have been stored meanwhile; there is nothing more to undo then.
		if a := c.do("POST", s.path("/undo"), nil); a.status == http.StatusOK || a.status == http.StatusConflict {
			break
		} else if time.Now().After(end) {
			a.is(http.StatusOK)
		}
	}
	if s.age() != 31 {
		t.Errorf("age %d after the undo", s.age())
	}
}

// limitFiles sets the size above which no file of a server may grow.
func limitFiles(t *testing.T, server *testenv.Server, bytes uint64) {
	t.Helper()
	if err := unix.Prlimit(server.Cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
}
