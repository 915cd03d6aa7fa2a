//go:build !js

package native

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func writeDotenv(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func loadWithDotenv(t *testing.T, text string, environ ...string) Config {
	t.Helper()
	merged, err := Environ(writeDotenv(t, text), environ)
	if err != nil {
		t.Fatal(err)
	}
	return mustLoad(t, merged...)
}

func TestTheRealEnvironmentWinsOverDotenv(t *testing.T) {
	cfg := loadWithDotenv(t, "\ufeffPORT=1111 # comment\r\nexport HOST='0.0.0.0'\r\n", "PORT=2222")
	if diff := cmp.Diff([]any{2222, "0.0.0.0"}, []any{cfg.Port, cfg.Host}); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutDotenvTheEnvironmentIsAsItWas(t *testing.T) {
	environ := []string{"PORT=1"}
	got, err := Environ(t.TempDir(), environ)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(environ, got); diff != "" {
		t.Error(diff)
	}
}

func TestReferencesInDotenvSeeWhatStandsBelowAndTheRealEnvironment(t *testing.T) {
	for name, url := range map[string]string{
		"bare":          `redis://default:${REDIS_PASSWORD}@h:6379/0`,
		"double quotes": `"redis://default:${REDIS_PASSWORD}@h:6379/0"`,
		"single quotes": `'redis://default:${REDIS_PASSWORD}@h:6379/0'`,
	} {
		t.Run(name, func(t *testing.T) {
			below := loadWithDotenv(t, "REDIS_URL="+url+"\nREDIS_PASSWORD=s3cret\n")
			real := loadWithDotenv(t, "REDIS_URL="+url+"\n", "REDIS_PASSWORD=s3cret")
			for _, cfg := range []Config{below, real} {
				if password, _ := cfg.RedisURL.Nodes[0].User.Password(); password != "s3cret" {
					t.Errorf("the password is %q, want s3cret", password)
				}
			}
		})
	}
}

func TestABrokenDotenvIsRefusedWithoutQuotingIt(t *testing.T) {
	for name, text := range map[string]string{
		"unclosed quote": "REDIS_PASSWORD=\"geheim\nPORT=1",
		"no name":        "geheim geheim!\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Environ(writeDotenv(t, text), nil)
			if err == nil || strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), "every line must be NAME=value") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnUnreadableDotenvIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".env"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Environ(dir, nil); err == nil || !strings.Contains(err.Error(), ".env") {
		t.Errorf("got %v", err)
	}
}
