//go:build !js

package conformance

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/testenv"
)

// TestStoresOfEarlierReleasesAreRead opens copies of the stores in testdata/stored, reads all that
// is in them, goes on with their sessions, and compares the answers with those of the release that
// wrote them. testdata/stored/README.md says how they were made.
func TestStoresOfEarlierReleasesAreRead(t *testing.T) {
	formats, err := filepath.Glob(filepath.Join("testdata", "stored", "v*"))
	if err != nil || len(formats) == 0 {
		t.Fatalf("there are no stores: %v", err)
	}
	for _, dir := range formats {
		t.Run(filepath.Base(dir)+" on disk", func(t *testing.T) { readDiskOf(t, dir) })
		t.Run(filepath.Base(dir)+" on Redis", func(t *testing.T) { readRedisOf(t, dir) })
	}
}

func readDiskOf(t *testing.T, dir string) {
	storage := t.TempDir()
	unpack(t, filepath.Join(dir, "disk.tar.gz"), storage)
	env := []string{"STORAGE_DIR=" + storage, "STORAGE_SYNC=interval"}
	stored := storedSessions(t, filepath.Join(dir, "disk.sessions"))
	server := testenv.StartServer(t, env...)
	c := newClient(t, Target{URL: server.URL})
	c.countIs(stored)
	script := transcript{client: c}
	script.read(stored)
	script.change(stored)
	if code := server.Stop(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, server.Logs())
	}
	// What was changed stands beside what was not.
	script.client = newClient(t, Target{URL: testenv.StartServer(t, env...).URL})
	script.readTables(stored)
	script.compare(filepath.Join(dir, "disk.golden"))
}

func readRedisOf(t *testing.T, dir string) {
	redis := testenv.StartRedis(t)
	restore(t, redis, filepath.Join(dir, "redis.aof.gz"))
	stored := storedSessions(t, filepath.Join(dir, "redis.sessions"))
	c, _ := redisClient(t, redis)
	c.countIs(stored)
	script := transcript{client: c}
	redis.Do("CONFIG", "RESETSTAT")
	script.read(stored)
	// Statistics of releases that did not compute the skewness are computed and stored again (SET, ZREM).
	sentNone(t, redis, "eval|evalsha|zadd|pexpire|persist|unlink")
	script.change(stored)
	// Heads say until when their segments are kept. If that cannot be read, segments are renewed.
	sentNone(t, redis, "pexpire|persist")
	script.readTables(stored)
	script.compare(filepath.Join(dir, "redis.golden"))
}

// sentNone checks that the server has read from Redis and has not sent it any of the commands, which
// are divided by bars.
func sentNone(t *testing.T, redis *testenv.Redis, commands string) {
	t.Helper()
	stats := fmt.Sprint(redis.Do("INFO", "commandstats"))
	if found := regexp.MustCompile("cmdstat_("+commands+"):").FindAllString(stats, -1); found != nil {
		t.Errorf("Redis was sent %q", found)
	}
	if !strings.Contains(stats, "cmdstat_get:") {
		t.Error("nothing was read from Redis")
	}
}

// storedSession is a session of a store; upload is one that waits for its sheets to be chosen.
type storedSession struct{ name, id string }

func (s storedSession) isUpload() bool { return s.name == "upload" }

// storedSessions reads the list that testdata/stored/write has printed.
func storedSessions(t *testing.T, file string) (all []storedSession) {
	t.Helper()
	list, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		name, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, storedSession{name, id})
	}
	return all
}

// countIs checks how many sessions the store counts.
func (c *client) countIs(stored []storedSession) {
	c.Helper()
	want := 0
	for _, s := range stored {
		if !s.isUpload() {
			want++
		}
	}
	if c.store.ActiveSessions != want {
		c.Errorf("%d sessions are counted, want %d", c.store.ActiveSessions, want)
	}
}

// transcript collects requests and their answers.
type transcript struct {
	*client
	text strings.Builder
}

// longest is how much of an answer stands in a transcript. A longer one stands there by its hash.
const longest = 4000

// countdown is the member of session documents that depends on the time of the answer.
var countdown = regexp.MustCompile(`"expires_in_seconds":\d+`)

// ask sends a request and notes the answer. Of one that has times and random numbers of its own,
// only the members are noted that are named.
func (s *transcript) ask(method, path string, body any, members ...string) *answer {
	s.Helper()
	a := s.do(method, path, body)
	fmt.Fprintf(&s.text, "%s %s\n%d", method, path, a.status)
	if method == http.MethodGet && a.status == http.StatusOK {
		// The tag of a table begins with what the store knows the version by.
		version, _, _ := strings.Cut(a.header.Get("ETag"), ".")
		fmt.Fprintf(&s.text, " %s %s", a.header.Get("Edgeframe-Revision"), version)
	}
	s.text.WriteByte('\n')
	doc := countdown.ReplaceAll(a.body, []byte(`"expires_in_seconds":0`))
	switch {
	case members != nil:
		var doc map[string]json.RawMessage
		a.decode(&doc)
		for _, name := range members {
			fmt.Fprintf(&s.text, "%s: %s\n", name, doc[name])
		}
	case len(doc) > longest || !utf8.Valid(doc):
		fmt.Fprintf(&s.text, "%d bytes, SHA-256 %x\n", len(doc), sha256.Sum256(doc))
	default:
		s.text.Write(append(doc, '\n'))
	}
	s.text.WriteByte('\n')
	return a
}

// read notes all that can be read.
func (s *transcript) read(stored []storedSession) {
	s.Helper()
	for _, of := range stored {
		fmt.Fprintf(&s.text, "# %s\n\n", of.name)
		if of.isUpload() {
			s.ask("GET", "/api/v1/uploads/"+of.id, nil)
			continue
		}
		path := "/api/v1/sessions/" + of.id
		for _, part := range []string{"", "/versions", "/audit", "/missing", "/data?offset=1&limit=3"} {
			s.ask("GET", path+part, nil)
		}
		doc := s.do("GET", path, nil).is(http.StatusOK).session()
		// The session remembers that another commit made the revision before the last.
		lost := fmt.Sprintf("Edgeframe-Revision: %d-0000000000000000", max(doc.Revision-1, 1))
		fmt.Fprintf(&s.text, "after a commit that lost: %d\n\n", s.do("GET", path, nil, lost).status)
		var versions versionsDocument
		s.do("GET", path+"/versions", nil).is(http.StatusOK).decode(&versions)
		for _, id := range versions.ids() {
			version := "version=" + strconv.Itoa(id)
			s.ask("GET", path+"/data?format=csv&"+version, nil)
			s.ask("GET", path+"/data?format=arrow&"+version, nil)
		}
		if of.name == "history" {
			s.ask("GET", path+"/describe?version=5", nil)
			s.ask("GET", path+"/describe?version=8", nil)
		}
	}
}

// moved are the members of a session document that say where in its history it is.
var moved = []string{"status", "revision", "current_version", "can_undo", "can_redo", "shape", "columns", "dtypes", "intentional_missing"}

// change goes on with every session: what undo, redo, an edit, appended rows and a restored version
// make of it.
func (s *transcript) change(stored []storedSession) {
	s.Helper()
	for _, of := range stored {
		fmt.Fprintf(&s.text, "# %s goes on\n\n", of.name)
		if of.isUpload() {
			a := s.ask("POST", "/api/v1/uploads/"+of.id+"/select", map[string]any{"selected_sheets": []string{"2025", "2026"}, "merge": true}, moved...)
			s.table(a.session().SessionID)
			continue
		}
		path := "/api/v1/sessions/" + of.id
		for _, way := range []string{"/redo", "/undo", "/undo"} {
			if a := s.ask("POST", path+way, nil, append(moved, "code")...); a.status == http.StatusOK {
				s.table(of.id)
			}
		}
		s.ask("PATCH", path+"/data", map[string]any{"operations": []op{{"op": "delete_rows", "rows": []int{}}, {"op": "add_column", "column": "added"}}}, moved...)
		s.ask("POST", path+"/data", s.do("GET", path+"/data?format=arrow&limit=1", nil).body, moved...)
		s.table(of.id)
		var versions versionsDocument
		s.do("GET", path+"/versions", nil).is(http.StatusOK).decode(&versions)
		s.ask("POST", fmt.Sprintf("%s/versions/%d/restore", path, versions.ids()[0]), nil, moved...)
		s.ask("POST", path+"/audit", map[string]string{"entry": "It goes on."}, "status")
	}
}

// table notes the table of a session.
func (s *transcript) table(id string) {
	s.Helper()
	a := s.do("GET", "/api/v1/sessions/"+id+"/data?format=csv", nil).is(http.StatusOK)
	fmt.Fprintf(&s.text, "%d bytes of CSV, SHA-256 %x\n\n", len(a.body), sha256.Sum256(a.body))
}

// readTables notes the current tables of all sessions.
func (s *transcript) readTables(stored []storedSession) {
	s.Helper()
	for _, of := range stored {
		if !of.isUpload() {
			fmt.Fprintf(&s.text, "# %s afterwards\n", of.name)
			s.table(of.id)
		}
	}
}

// compare compares the transcript with a golden file.
func (s *transcript) compare(file string) {
	s.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(s.text.String()), 0o644); err != nil {
			s.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.Fatal(err)
	}
	lines := strings.NewReplacer(",", ",\n")
	if diff := cmp.Diff(lines.Replace(string(want)), lines.Replace(s.text.String())); diff != "" {
		s.Errorf("the answers differ from %s (-want +got):\n%s", file, diff)
	}
}

// unpack unpacks a compressed archive into a directory.
func unpack(t *testing.T, file, dir string) {
	t.Helper()
	packed := openGzip(t, file)
	files := 0
	for archive := tar.NewReader(packed); ; files++ {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) && files > 0 {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(header.Name))
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else {
			var content []byte
			if content, err = io.ReadAll(archive); err == nil {
				err = os.WriteFile(path, content, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// restore sends Redis the commands of a compressed append-only file.
func restore(t *testing.T, redis *testenv.Redis, file string) {
	t.Helper()
	in := bufio.NewReader(openGzip(t, file))
	// number reads a line such as "*3".
	number := func(mark byte) (int, error) {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if line[0] != mark {
			return 0, fmt.Errorf("%q does not begin with %q", line, mark)
		}
		return strconv.Atoi(strings.TrimSpace(line[1:]))
	}
	for commands := 0; ; commands++ {
		parts, err := number('*')
		if errors.Is(err, io.EOF) && commands > 0 {
			return
		}
		command := make([]any, parts)
		for i := range command {
			var size int
			if size, err = number('$'); err != nil {
				break
			}
			part := make([]byte, size+len("\r\n"))
			if _, err = io.ReadFull(in, part); err != nil {
				break
			}
			command[i] = part[:size]
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		redis.Do(command...)
	}
}

func openGzip(t *testing.T, file string) io.Reader {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return unpacked
}
