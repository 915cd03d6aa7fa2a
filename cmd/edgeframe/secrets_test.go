//go:build !js

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

// TestNoCommandPrintsASecret runs every command with passwords and tokens in its environment and in its addresses,
// with success and without. testenv.Run scans what they print.
func TestNoCommandPrintsASecret(t *testing.T) {
	const password, token = "password-of-redis-7", "token-of-an-operator-7"
	redis := testenv.StartRedis(t, "--requirepass", password)
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "backup.tar")
	env := []string{
		"STORAGE_DIR=" + dir, "API_TOKENS=" + token, "TOKEN_SECRET=secret-of-thirty-two-bytes-and-7", "REDIS_PASSWORD=" + password,
		"REDIS_URL=" + redis.URL, "EDGEFRAME_TOKEN=" + token,
	}
	server := testenv.StartServer(t, env...)
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	file := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(file, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const unknown = "5d68f988-099b-4dab-aa35-8cabd3df8472"
	withPassword := strings.Replace(redis.URL, "redis://", "redis://default:"+password+"@", 1)
	wrong := strings.Replace(redis.URL, "redis://", "redis://default:another-password-7@", 1)
	run := func(code int, args ...string) (stdout string) {
		t.Helper()
		out := testenv.Run(t, nil, append(env, "PORT="+port, "EDGEFRAME_URL="+server.URL), args...)
		if out.Code != code {
			t.Errorf("%v: exit code %d, want %d: %s%s", args, out.Code, code, out.Stdout, out.Stderr)
		}
		return string(out.Stdout)
	}
	run(0, "version")
	run(0, "health", "--storage")
	id := strings.TrimSpace(run(0, "upload", file, "-q"))
	for _, verb := range []string{"show", "data", "versions", "get", "recipe"} {
		run(0, verb, id)
	}
	recipe := filepath.Join(filepath.Dir(file), "recipe.json")
	if err := os.WriteFile(recipe, []byte(run(0, "recipe", id)), 0o600); err != nil {
		t.Fatal(err)
	}
	run(0, "apply", recipe, file)
	run(0, "apply", recipe, file, "-o", "clean.parquet")
	run(1, "apply", file, file)
	run(1, "apply", recipe, backup, "-o", "none.csv")
	run(1, "apply", unknown, file)
	run(1, "show", unknown)
	run(0, "ls")
	run(0, "backup", "--to", backup)
	run(1, "backup", "--to", filepath.Join(backup, "no", "folder"))
	run(1, "restore", "--from", backup)
	run(1, "repair")
	run(1, "serve")
	run(1, "migrate", "--from", "disk:"+dir, "--to", withPassword)
	// The token is wrong, or stands in an address; nothing answers.
	for _, setting := range []string{"EDGEFRAME_TOKEN=a-wrong-token-7", "EDGEFRAME_URL=http://user:" + password + "@127.0.0.1:1", "EDGEFRAME_URL=" + server.URL + "/?token=" + token} {
		if out := testenv.Run(t, nil, append(env, "EDGEFRAME_URL="+server.URL, setting), "apply", recipe, file); out.Code == 0 {
			t.Errorf("%s is accepted", setting)
		}
	}
	server.Stop()
	run(3, "health")
	run(3, "health", "--storage")
	run(3, "apply", recipe, file)
	run(0, "repair")
	run(0, "migrate", "--from", "disk:"+dir, "--to", withPassword)
	run(1, "restore", "--from", file)
	run(1, "migrate", "--from", "disk:"+dir, "--to", wrong)
	run(2, "migrate", "--from", "disk:"+dir, "--to", withPassword+"/no database")
	run(2, "migrate", "--from", "disk:"+dir, "--to", "postgres://user:password-of-another@127.0.0.1/db")
	// A damaged store is repaired, and its sessions are named by nobody.
	damage(t, dir)
	run(3, "repair")
	run(0, "backup", "--to", backup)
	for _, setting := range []string{"REDIS_URL=" + withPassword + "/x/y", "REDIS_URL=http://u:password-in-http@127.0.0.1", "TOKEN_SECRET=short-secret"} {
		if out := testenv.Run(t, nil, append(env, setting, "REDIS_ENABLED=true"), "serve"); out.Code == 0 {
			t.Errorf("%s is accepted", setting)
		}
	}
}
