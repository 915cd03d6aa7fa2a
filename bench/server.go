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

// server is the running program under measurement.
type server struct {
	url     string
	storage string
	cmd     *exec.Cmd
}

// build builds the server from the module in the working directory.
func build(ctx context.Context, dir string) (program string, err error) {
	program = filepath.Join(dir, "edgeframe")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "edgeframe/cmd/edgeframe").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return program, nil
}

var listening = regexp.MustCompile(`Listening on (http://\S+)`)

// start starts the server on a free port and an empty directory, with default settings but for
// those in env.
func start(ctx context.Context, program, dir string, env []string) (*server, error) {
	s := &server{storage: filepath.Join(dir, "storage")}
	s.cmd = exec.CommandContext(ctx, program)
	s.cmd.Dir = dir
	s.cmd.Env = append([]string{"HOST=127.0.0.1", "PORT=0", "STORAGE_DIR=" + s.storage, "LOG_FORMAT=text", "MAX_UPLOAD_SIZE_MB=200"}, env...)
	output, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			s.url = m[1]
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return s, nil
		}
	}
	return nil, errors.Join(errors.New("the server ended before it listened"), s.cmd.Wait())
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

var writeBytes = regexp.MustCompile(`(?m)^write_bytes: (\d+)$`)

// written is the number of bytes that the server has caused to be written to the disk so
// far, as Linux counts them; 0 where that is not known.
func (s *server) written() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	m := writeBytes.FindSubmatch(b)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n
}

// stored is the size of the server's directory.
func (s *server) stored() (total int64) {
	// A file that the engine removes meanwhile counts as nothing.
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
