//go:build !js

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// processorTime is the CPU time that a process has used until now, as Linux counts it for its threads.
func processorTime(pid string) (used time.Duration, err error) {
	threads, err := filepath.Glob(fmt.Sprintf(processorNanoseconds, pid))
	if err != nil {
		return 0, err
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		nanoseconds := int64(0)
		if _, err := fmt.Sscan(string(text), &nanoseconds); err != nil {
			return 0, err
		}
		used += time.Duration(nanoseconds)
	}
	if used == 0 {
		return 0, errors.New("the CPU time is not known: this needs the schedstat files of Linux")
	}
	return used, nil
}

// family returns a process and its descendants.
func family(pid string) []string {
	all := []string{pid}
	for i := 0; i < len(all); i++ {
		lists, _ := filepath.Glob("/proc/" + all[i] + "/task/*/children")
		for _, path := range lists {
			text, _ := os.ReadFile(path) // the thread may have ended
			all = append(all, strings.Fields(string(text))...)
		}
	}
	return all
}

// forgetPeak makes the present memory of a process its peak.
func forgetPeak(pid string) error {
	return os.WriteFile("/proc/"+pid+"/clear_refs", []byte("5"), 0)
}
