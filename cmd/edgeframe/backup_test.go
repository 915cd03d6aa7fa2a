//go:build !js

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// command runs a command of the real program on a storage directory.
func command(t *testing.T, dir string, stdin io.Reader, args ...string) (code int, stdout []byte, stderr string) {
	t.Helper()
	out := testenv.Run(t, stdin, []string{"STORAGE_DIR=" + dir}, args...)
	return out.Code, out.Stdout, out.Stderr
}

// changes appends rows to a session, one after the other, and makes new sessions of one row, until they are
// stopped.
type changes struct {
	session string
	// rows is the number of rows of session that are acknowledged.
	rows atomic.Int64

	mu   sync.Mutex
	made []string // the paths of the new sessions that are acknowledged
}

func (c *changes) run(t *testing.T, server string, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		n := c.rows.Load()
		if _, err := post(server+c.session+"/data", fmt.Sprintf("n\n%d\n", n)); err != nil {
			t.Error(err)
			return
		}
		c.rows.Add(1)
		path, err := post(server+"/api/v1/sessions", "a\nwhole\n")
		if err != nil {
			t.Error(err)
			return
		}
		c.mu.Lock()
		c.made = append(c.made, path)
		c.mu.Unlock()
	}
}

func post(url, csv string) (location string, err error) {
	resp, err := http.Post(url, "text/csv", strings.NewReader(csv))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= 300 {
		return "", fmt.Errorf("%s: %s %s, %v", url, resp.Status, body, err)
	}
	return resp.Header.Get("Location"), nil
}

func (c *changes) acknowledged() (rows int64, made []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows.Load(), c.made[:len(c.made):len(c.made)]
}

// TestABackupOfARunningServerIsRestored backs up a server under load. What was acknowledged before is in the
// restored store; of what came later, each change is there whole or not at all.
func TestABackupOfARunningServerIsRestored(t *testing.T) {
	dir := t.TempDir()
	s := testenv.StartServer(t, "STORAGE_DIR="+dir)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	loads := make([]*changes, 4)
	for i := range loads {
		session, err := post(s.URL+"/api/v1/sessions", "n\n")
		if err != nil {
			t.Fatal(err)
		}
		loads[i] = &changes{session: session}
		clients.Go(func() { loads[i].run(t, s.URL, stop) })
	}
	for loads[0].rows.Load() < 20 && !t.Failed() {
		time.Sleep(time.Millisecond)
	}
	type state struct {
		rows int64
		made []string
	}
	var before []state
	for _, l := range loads {
		rows, made := l.acknowledged()
		before = append(before, state{rows, made})
	}
	file := filepath.Join(t.TempDir(), "backup.tar")
	code, _, report := command(t, dir, nil, "backup", "--to", file)
	close(stop)
	clients.Wait()
	if code != 0 || !strings.HasPrefix(report, dir+": backed up in ") {
		t.Fatalf("exit code %d: %s", code, report)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d of the server", code)
	}

	restored := filepath.Join(t.TempDir(), "restored")
	if code, stdout, stderr := command(t, restored, nil, "restore", "--from", file); code != 0 || !strings.Contains(string(stdout), " sessions\n") {
		t.Fatalf("exit code %d: %s %s", code, stdout, stderr)
	}
	if code, _, stderr := command(t, restored, nil, "restore", "--from", file); code != 1 || !strings.HasSuffix(stderr, "the directory is not empty; a backup is restored into an empty one\n") {
		t.Errorf("again: exit code %d: %s", code, stderr)
	}
	s = testenv.StartServer(t, "STORAGE_DIR="+restored)
	for i, l := range loads {
		wantRestored(t, s.URL, l, before[i].rows, len(before[i].made))
	}
}

// wantRestored checks a session, of which so many rows were acknowledged before the backup, and new sessions.
func wantRestored(t *testing.T, server string, l *changes, rows int64, made int) {
	t.Helper()
	got := strings.Count(get(t, server+l.session+"/data?format=csv"), "\n") - 1
	if int64(got) < rows || int64(got) > l.rows.Load()+1 {
		t.Errorf("%d rows, of which %d were acknowledged before the backup and %d in all", got, rows, l.rows.Load())
	}
	for i, path := range l.made {
		status, body := fetch(t, http.DefaultClient, server+path+"/data?format=csv")
		whole := status == http.StatusOK && body == "a\nwhole\n"
		if !whole && (i < made || status != http.StatusNotFound) {
			t.Errorf("session %d of %d, of which %d were acknowledged before the backup: %d %q", i, len(l.made), made, status, body)
		}
	}
}

// TestABackupWithoutAServerGoesThroughAPipe backs up a store that no server uses.
func TestABackupWithoutAServerGoesThroughAPipe(t *testing.T) {
	dir := t.TempDir()
	s := testenv.StartServer(t, "STORAGE_DIR="+dir)
	session := upload(t, s.URL, "a\n1\n")
	path := strings.TrimPrefix(session, s.URL)
	s.Kill9()
	code, backup, stderr := command(t, dir, nil, "backup", "--to", "-")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	restored := t.TempDir()
	if code, _, stderr := command(t, restored, bytes.NewReader(backup[:len(backup)/2]), "restore", "--from", "-"); code != 1 || !strings.Contains(stderr, "the backup is cut") {
		t.Errorf("half of it: exit code %d: %s", code, stderr)
	}
	if code, stdout, stderr := command(t, restored, bytes.NewReader(backup), "restore", "--from", "-"); code != 0 || !strings.HasSuffix(string(stdout), " 1 sessions\n") {
		t.Fatalf("exit code %d: %s %s", code, stdout, stderr)
	}
	s = testenv.StartServer(t, "STORAGE_DIR="+restored)
	if got := get(t, s.URL+path+"/data?format=csv"); got != "a\n1\n" {
		t.Errorf("the table is %q", got)
	}
}

func TestABackupNeedsAStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "backup.tar")
	for dir, want := range map[string]string{
		"":          "edgeframe: backup: STORAGE_DIR is empty, so there is no directory to back up\n",
		t.TempDir(): "there is no store in this directory\n",
	} {
		if code, _, stderr := command(t, dir, nil, "backup", "--to", file); code != 1 || !strings.HasSuffix(stderr, want) {
			t.Errorf("%q: exit code %d: %s", dir, code, stderr)
		}
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}
