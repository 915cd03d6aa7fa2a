//go:build !js

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/testenv"
)

// migrate runs the real program.
func migrate(t *testing.T, from, to string, environ ...string) (code int, stdout, stderr string) {
	t.Helper()
	out := testenv.Run(t, nil, environ, "migrate", "--from", from, "--to", to)
	return out.Code, string(out.Stdout), out.Stderr
}

// wantMigrated runs the program and compares its summary, without times and sizes.
func wantMigrated(t *testing.T, from, to, want string, environ ...string) {
	t.Helper()
	code, stdout, stderr := migrate(t, from, to, environ...)
	got := regexp.MustCompile(`in [0-9.]+ s|\(.*\)`).ReplaceAllString(stdout, "…")
	if diff := cmp.Diff(want, got); code != 0 || stderr != "" || diff != "" {
		t.Fatalf("exit code %d, %s\n%s", code, stderr, diff)
	}
}

// summary is the program's summary for these numbers of sessions, without times and sizes.
func summary(from, to string, sessions, copied, current int) string {
	return fmt.Sprintf(`%s -> %s: %d sessions …
%8d copied …
%8d already present, unchanged
       0 newer in the target, skipped
       0 expired or deleted during the copy
       0 not copied
`, from, to, sessions, copied, current)
}

// countdown is the member of session documents that depends on the time of the answer.
var countdown = regexp.MustCompile(`"expires_in_seconds":\d+,`)

// everything returns all that can be read of sessions, including the times at which they expire.
func everything(t *testing.T, server string, sessions []string) string {
	t.Helper()
	var all strings.Builder
	for _, path := range sessions {
		for _, part := range []string{"", "/versions", "/audit", "/missing", "/data?format=csv", "/data?format=csv&version=1"} {
			resp, err := http.Get(server + path + part)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s%s: %s %s", path, part, resp.Status, body)
			}
			all.Write(countdown.ReplaceAll(body, nil))
			all.WriteString(resp.Header.Get("Edgeframe-Revision") + "\n")
		}
	}
	return all.String()
}

func send(t *testing.T, method, url, body string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %s", method, url, resp.Status, text)
	}
}

// TestRollingOutAndBackLosesNoSession follows docs/operations.md: from the embedded store to Redis,
// and back while the server on Redis keeps running.
func TestRollingOutAndBackLosesNoSession(t *testing.T) {
	redis := testenv.StartRedis(t, "--requirepass", "geheim")
	dir := t.TempDir()
	diskURL, redisURL := "disk:"+dir, "redis://:${REDIS_PASSWORD}@"+redis.Addr+"/3"
	password := "REDIS_PASSWORD=geheim"
	shown := map[string]string{"disk": diskURL, "redis": "redis://:***@" + redis.Addr + "/3"}
	const edit = `{"operations":[{"op":"delete_rows","rows":[0,1,2]}]}`

	before := testenv.StartServer(t, "STORAGE_DIR="+dir)
	csv, err := os.ReadFile(testenv.VegaFile(t, "birdstrikes.csv"))
	if err != nil {
		t.Fatal(err)
	}
	sessions := []string{
		strings.TrimPrefix(upload(t, before.URL, string(csv)), before.URL),
		strings.TrimPrefix(upload(t, before.URL, "a,b\n1,2\n3,4\n"), before.URL),
	}
	send(t, "PATCH", before.URL+sessions[0]+"/data", edit)
	send(t, "PUT", before.URL+sessions[1]+"/missing", `{"a":[1]}`)
	send(t, "PATCH", before.URL+sessions[1], `{"metadata":{"owner":"ann"}}`)
	want := everything(t, before.URL, sessions)

	if code, _, stderr := migrate(t, diskURL, redisURL, password); code != 1 || !strings.Contains(stderr, "a running server has this directory open") {
		t.Errorf("of a directory in use: exit code %d, %s", code, stderr)
	}
	before.Stop()
	wantMigrated(t, diskURL, redisURL, summary(shown["disk"], shown["redis"], 2, 2, 0), password)

	onRedis := testenv.StartServer(t, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL="+redisURL, password)
	if diff := cmp.Diff(want, everything(t, onRedis.URL, sessions)); diff != "" {
		t.Fatalf("on Redis: %s", diff)
	}
	send(t, "PATCH", onRedis.URL+sessions[0]+"/data", edit)
	sessions = append(sessions, strings.TrimPrefix(upload(t, onRedis.URL, "n\n7\n"), onRedis.URL))

	// Online: the server on Redis keeps running, and its sessions change once more.
	wantMigrated(t, redisURL, diskURL, summary(shown["redis"], shown["disk"], 3, 2, 1), password)
	send(t, "PATCH", onRedis.URL+sessions[2]+"/data", `{"operations":[{"op":"set_values","column":"n","rows":[0],"value":8}]}`)
	want = everything(t, onRedis.URL, sessions)
	onRedis.Stop()
	wantMigrated(t, redisURL, diskURL, summary(shown["redis"], shown["disk"], 3, 1, 2), password)

	after := testenv.StartServer(t, "STORAGE_DIR="+dir, "REDIS_ENABLED=false")
	if diff := cmp.Diff(want, everything(t, after.URL, sessions)); diff != "" {
		t.Errorf("back on the embedded store: %s", diff)
	}
	if _, doc := storageHealth(t, after.URL); doc["active_sessions"] != 3.0 {
		t.Errorf("%v sessions", doc["active_sessions"])
	}
}

func TestMigrateSaysWhatIsWrong(t *testing.T) {
	redis := testenv.StartRedis(t, "--requirepass", "geheim")
	dir := t.TempDir()
	testenv.StartServer(t, "STORAGE_DIR="+dir).Stop()
	somewhere := "disk:" + filepath.Join(t.TempDir(), "new")
	tests := []struct {
		name, from, to string
		code           int
		says           string
	}{
		{"an unknown scheme", "postgres://ann:geheim@x/db", somewhere, 2, `--from "postgres://ann:***@x/db": accepted are disk:<directory>, redis://host:port/db and rediss://host:port/db`},
		{"a path without disk:", dir, somewhere, 2, "accepted are disk:<directory>"},
		{"no path", "disk:", somewhere, 2, "accepted are disk:<directory>"},
		{"a redis address that is none", "redis://:geheim@host:port", somewhere, 2, `--from "redis://:***@host:port": accepted are`},
		{"a variable that is not set", "redis://:${NOWHERE}@host", somewhere, 1, "it refers to ${NOWHERE}, which is not set"},
		{"a directory without a store", somewhere, redis.URL, 1, "there is no store in this directory"},
		{"one store twice", "disk:" + dir, "disk:" + dir, 1, "copying needs two stores"},
		{"a wrong password", "disk:" + dir, "redis://:falsch@" + redis.Addr, 1, "--to: authentication failed"},
		{"nobody there", "redis://:falsch@127.0.0.1:1", somewhere, 1, "--from: connection refused: nothing listens at 127.0.0.1:1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := migrate(t, test.from, test.to)
			if code != test.code || stdout != "" || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, %q and %q, want %d and %q", code, stdout, stderr, test.code, test.says)
			}
			if strings.Contains(stderr, "geheim") || strings.Contains(stderr, "falsch") {
				t.Errorf("a password is shown: %s", stderr)
			}
		})
	}
	if _, err := os.Stat(strings.TrimPrefix(somewhere, "disk:")); err == nil {
		t.Error("a refused copy has made its target")
	}
	wantMigrated(t, "disk:"+dir, "redis://:geheim@"+redis.Addr, summary("disk:"+dir, "redis://:***@"+redis.Addr, 0, 0, 0))
}
