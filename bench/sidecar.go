//go:build !js

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// sidecar is a program that runs on the same machine as the server.
type sidecar struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// startTime is the longest time until a program answers; Python imports pandas for some seconds.
const startTime = 30 * time.Second

// startSidecar starts a program in dir and waits until ready returns no error.
func startSidecar(ctx context.Context, dir string, ready func() error, program string, args ...string) (*sidecar, error) {
	var output bytes.Buffer
	s := &sidecar{cmd: exec.CommandContext(ctx, program, args...), ended: make(chan struct{})}
	s.cmd.Cancel, s.cmd.WaitDelay = s.terminate, stopTime
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, &output, &output
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	err := errors.New("it was not asked")
	for end := time.Now().Add(startTime); err != nil && time.Now().Before(end); {
		select {
		case <-s.ended:
			return nil, fmt.Errorf("%s: %s\n%s", program, s.cmd.ProcessState, &output)
		case <-time.After(10 * time.Millisecond):
			err = ready()
		}
	}
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("%s does not answer: %w\n%s", program, err, &output)
	}
	return s, nil
}

// stopTime is the longest time that a program may take to end.
const stopTime = 5 * time.Second

// terminate asks the program to end, so that it ends those that it has started.
func (s *sidecar) terminate() error { return s.cmd.Process.Signal(syscall.SIGTERM) }

// stop ends the program.
func (s *sidecar) stop() {
	_ = s.terminate()
	select {
	case <-s.ended:
	case <-time.After(stopTime):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// freeAddress returns a loopback address on which nothing listens.
func freeAddress() (string, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer free.Close()
	return free.Addr().String(), nil
}

// redis is a running redis-server.
type redis struct {
	*sidecar
	address string
}

// startRedis starts a redis-server that keeps nothing on disk, unless settings, further arguments, say
// otherwise.
func startRedis(ctx context.Context, dir string, settings ...string) (*redis, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("the redis backend needs redis-server, which make bench installs; -backends embedded does without: %w", err)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	r := &redis{address: address}
	_, port, _ := net.SplitHostPort(address)
	r.sidecar, err = startSidecar(ctx, dir, func() error { return r.do("PING") }, program,
		append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, settings...)...)
	return r, err
}

// do sends one command over a new connection. It returns an error unless the answer is a simple string.
func (r *redis) do(command ...string) error {
	conn, err := net.DialTimeout("tcp", r.address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	var sent strings.Builder
	fmt.Fprintf(&sent, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&sent, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(conn, sent.String()); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(answer, "+") {
		err = fmt.Errorf("redis answers %q", strings.TrimSpace(answer))
	}
	return err
}
