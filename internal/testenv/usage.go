//go:build !js

package testenv

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Resident is the memory that the process has resident, in bytes. It is 0 when the process has
// ended.
func (s *Server) Resident() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, value, _ := bytes.Cut(status, []byte("\nVmRSS:"))
	fields := bytes.Fields(value[:min(len(value), 64)])
	if len(fields) == 0 {
		return 0 // a process that ends has no memory
	}
	kilobytes, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		s.t.Errorf("VmRSS of the server: %v", err)
	}
	return kilobytes << 10
}

// tick is the unit of times in /proc/<pid>/stat: USER_HZ is 100 on all of Go's Linux ports.
const tick = time.Second / 100

// CPU is the time for which the process has used processors. It is 0 when the process has ended.
func (s *Server) CPU() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The name of the program, in parentheses, may contain anything. The fields behind it begin
	// with the third of proc_pid_stat(5); utime and stime are the 14th and 15th.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			s.t.Errorf("CPU time of the server: %v", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick
}
