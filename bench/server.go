//go:build !js

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// server is the running program that is measured.
type server struct {
	url     string
	storage string
	cmd     *exec.Cmd
}

// build builds the server from the module in the working directory.
func build(ctx context.Context, dir string) (program string, err error) {
	program = filepath.Join(dir, "edgeframe")
	return program, command(ctx, "make", "build", "BIN="+dir)
}

// command runs a program. The error has its output.
func command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

var listening = regexp.MustCompile(`Listening on (http://\S+)`)

// start starts the server on a free port and an empty directory, with the settings in env and the
// defaults of all others.
func start(ctx context.Context, program, dir string, env []string) (*server, error) {
	s := &server{storage: filepath.Join(dir, "storage")}
	s.cmd = exec.CommandContext(ctx, program)
	s.cmd.Dir = dir
	s.cmd.Env = append([]string{"HOST=127.0.0.1", "PORT=0", "STORAGE_DIR=" + s.storage, "LOG_FORMAT=text", "MAX_UPLOAD_SIZE_MB=200"}, env...)
	var err error
	if s.url, err = startListening(s.cmd, listening); err != nil {
		return nil, err
	}
	return s, nil
}

// startListening starts a program and returns the URL that pattern finds in a line of its output. The
// program's standard error is shown.
func startListening(cmd *exec.Cmd, pattern *regexp.Regexp) (url string, err error) {
	output, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start the server: %w", err)
	}
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if m := pattern.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return m[1], nil
		}
	}
	return "", errors.Join(errors.New("the server ended before it listened"), cmd.Wait())
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

var writeBytes = regexp.MustCompile(`(?m)^write_bytes: (\d+)$`)

// written returns the number of bytes that the server has caused to be written to the disk, as Linux
// counts them, or 0 if that is not known.
func (s *server) written() int64 {
	return procNumber(fmt.Sprintf("/proc/%d/io", s.cmd.Process.Pid), writeBytes)
}

// procNumber returns the number that pattern finds in a file of /proc, 0 if there is none.
func procNumber(path string, pattern *regexp.Regexp) int64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	m := pattern.FindSubmatch(b)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n
}

// stored returns the size of the server's directory.
func (s *server) stored() (total int64) {
	// Ignore files that the engine removes at the same time.
	_ = filepath.WalkDir(s.storage, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}
