//go:build linux

package deploy

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/oasdiff/yaml"

	"edgeframe/internal/testenv"
)

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.WriteFile(to, []byte(read(t, from)), 0o755); err != nil {
		t.Fatal(err)
	}
}

// built returns the folder with what make build makes, as the image gets it.
func built(t *testing.T) string {
	t.Helper()
	dir, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs(filepath.Join(testenv.Root(), "bin", "test", "image"))
	if err != nil {
		return "", err
	}
	cmd := exec.Command("make", "build", "BIN="+dir)
	cmd.Dir = testenv.Root()
	_, err = cmd.CombinedOutput()
	return dir, err
})

// emptyRoot returns a folder with the program at a path, and an empty directory at another, which alone belongs to
// the user nobody.
func emptyRoot(t *testing.T, program, dir string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("only root can give a process another root and user; CI runs as root")
	}
	root := t.TempDir()
	// The folders above belong to the test alone.
	for above := root; above != "/" && above != os.TempDir(); above = filepath.Dir(above) {
		if err := os.Chmod(above, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{filepath.Dir(program), dir} {
		if err := os.MkdirAll(filepath.Join(root, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copyFile(t, filepath.Join(built(t), "edgeframe"), filepath.Join(root, program))
	if err := os.Chown(filepath.Join(root, dir), nobody, nobody); err != nil {
		t.Fatal(err)
	}
	return root
}

// useSession makes a session, changes it and reads it.
func useSession(t *testing.T, server string) {
	t.Helper()
	resp, err := http.Post(server+"/api/v1/sessions", "text/csv", strings.NewReader("a\n1\n"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	session := server + resp.Header.Get("Location")
	if resp, err = http.Post(session+"/data", "text/csv", strings.NewReader("a\n2\n")); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp, err = http.Get(session + "/data?format=csv"); err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "a\n1\n2\n" {
		t.Errorf("%s %q, %v", resp.Status, body, err)
	}
}

// readUnit returns the values in the unit by their keys.
func readUnit(t *testing.T) map[string][]string {
	t.Helper()
	unit := map[string][]string{}
	for line := range strings.Lines(read(t, "edgeframe.service")) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			unit[key] = append(unit[key], value)
		}
	}
	return unit
}

func TestSystemdAcceptsTheUnit(t *testing.T) {
	unit := filepath.Join(t.TempDir(), "edgeframe.service")
	// Nothing is installed there.
	text := strings.Replace(read(t, "edgeframe.service"), "/usr/local/bin/edgeframe", "/bin/true", 1)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	// The threshold is ten times the exposure, which is 1.2. Up to 2 is "OK".
	if out, err := exec.Command("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", unit).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

// instruction is a line of the Containerfile.
type instruction struct{ name, rest string }

// imageOf returns the instructions behind the last FROM, and those before it.
func imageOf(t *testing.T) (build, image []instruction) {
	t.Helper()
	for line := range strings.Lines(read(t, "Containerfile")) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case name == "" || name == "#" || strings.HasPrefix(name, "#"):
			continue
		case name == "FROM":
			build, image = append(build, image...), nil
		}
		image = append(image, instruction{name, rest})
	}
	return build, image
}

func find(t *testing.T, of []instruction, name string) []string {
	t.Helper()
	var found []string
	for _, i := range of {
		if i.name == name {
			found = append(found, i.rest)
		}
	}
	if found == nil {
		t.Fatalf("the Containerfile has no %s", name)
	}
	return found
}

// TestTheImageServes does what the Containerfile says, without the runtime of containers: an empty root with what
// make build makes, the user, the environment, the entry point and the health check.
func TestTheImageServes(t *testing.T) {
	build, image := imageOf(t)
	if image[0].rest != "scratch" {
		t.Errorf("the image is made from %s", image[0].rest)
	}
	// The console is built first.
	runs := find(t, build, "RUN")
	if run := runs[len(runs)-1]; !strings.Contains(run, "make build BIN=/out ") || !strings.Contains(run, "mkdir /storage") {
		t.Errorf("it is built with %s", run)
	}
	if got, want := find(t, image, "COPY"), []string{"--from=build /out/ /", "--from=build --chown=65532:65532 /storage /var/lib/edgeframe"}; !slices.Equal(got, want) {
		t.Errorf("it has %q, want %q", got, want)
	}
	if user := find(t, image, "USER")[0]; user != "65532:65532" {
		t.Errorf("its user is %s", user)
	}
	env := strings.Fields(find(t, image, "ENV")[0])
	root := emptyRoot(t, "/edgeframe", "/var/lib/edgeframe")
	cmd := exec.Command(entry(t, find(t, image, "ENTRYPOINT")[0])[0])
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	t.Run("it serves", func(t *testing.T) { serves(t, cmd, append(slices.Clone(env), "PORT=0")...) })
	t.Run("its health check", func(t *testing.T) {
		_, check, _ := strings.Cut(find(t, image, "HEALTHCHECK")[0], " CMD ")
		wantHealth(t, root, entry(t, check), env)
	})
}

// entry reads a command in the form of a list.
func entry(t *testing.T, list string) (command []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(list), &command); err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	return command
}

// wantHealth runs the health check in the root: with a server it succeeds, without one it fails.
func wantHealth(t *testing.T, root string, check, env []string) {
	t.Helper()
	s := testenv.StartServer(t, "HOST=0.0.0.0")
	port := s.URL[strings.LastIndex(s.URL, ":")+1:]
	run := func() int {
		cmd := exec.Command(filepath.Join(root, check[0]), check[1:]...)
		cmd.Dir = t.TempDir()
		cmd.Env = append(slices.Clone(env), "PORT="+port)
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode()
	}
	if code := run(); code != 0 {
		t.Errorf("exit code %d with a server", code)
	}
	s.Stop()
	if code := run(); code != 1 {
		t.Errorf("exit code %d without a server", code)
	}
}

// compose is what the tests look at of the compose file.
type compose struct {
	Services map[string]struct {
		Environment map[string]string
		Command     []string
		HealthCheck struct{ Test []string }
		ReadOnly    bool `json:"read_only"`
	}
}

func readCompose(t *testing.T) (c compose) {
	t.Helper()
	if _, err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &c, yaml.DecodeOpts{}); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSettingsOfTheFilesExist compares the names of settings with the documentation.
func TestSettingsOfTheFilesExist(t *testing.T) {
	documented := read(t, "../docs/configuration.md")
	var names []string
	for name := range readCompose(t).Services["edgeframe"].Environment {
		names = append(names, name)
	}
	_, image := imageOf(t)
	for _, pair := range append(strings.Fields(find(t, image, "ENV")[0]), readUnit(t)["Environment"]...) {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	for _, name := range names {
		if !regexp.MustCompile("`" + name + "`").MatchString(documented) {
			t.Errorf("%s is no setting", name)
		}
	}
}
