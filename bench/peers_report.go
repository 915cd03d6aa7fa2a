//go:build !js

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// peerResults are the results of all areas, as -json has them.
type peerResults struct {
	Go        string     `json:"go"`
	Platform  string     `json:"platform"`
	CPUs      int        `json:"cpus"`
	Processor string     `json:"processor,omitempty"`
	Areas     []peerArea `json:"areas"`
	Goals     []metGoal  `json:"goals,omitempty"`
}

// peerArea is a table of results.
type peerArea struct {
	Name  string    `json:"name"`
	About string    `json:"about"`
	Rows  []peerRow `json:"measurements"`
}

// peerRow is a measurement.
type peerRow struct {
	Name  string         `json:"name"`
	Peers []measuredPeer `json:"peers"`
}

// measuredPeer is the result of one peer.
type measuredPeer struct {
	Name  string `json:"name"`
	Times int    `json:"times"`
	// P50 and P99 are times in milliseconds; P99 of fewer than 100 is the longest. Minimum is the shortest.
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Minimum float64 `json:"min_ms"`
	// CPU is the CPU time of one piece of work in seconds.
	CPU       float64 `json:"cpu_seconds"`
	PeakBytes int64   `json:"peak_bytes"`
	// Ratio is the median of the first peer divided by this one's.
	Ratio float64 `json:"first_divided_by_this"`

	times []time.Duration
	used  time.Duration
}

var processorName = regexp.MustCompile(`(?m)^model name\s*: (.+)$`)

func newPeerResults() *peerResults {
	r := &peerResults{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU()}
	info, _ := os.ReadFile("/proc/cpuinfo") // not every platform has it
	if m := processorName.FindSubmatch(info); m != nil {
		r.Processor = string(m[1])
	}
	return r
}

func (r *peerResults) last() *peerArea { return &r.Areas[len(r.Areas)-1] }

func (r *peerResults) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// summarize computes the numbers of the times.
func (m *measuredPeer) summarize() {
	slices.Sort(m.times)
	m.Times = len(m.times)
	m.P50, m.P99 = milliseconds(percentile(m.times, 0.50)), milliseconds(percentile(m.times, 0.99))
	m.Minimum = milliseconds(m.times[0])
	m.CPU = m.used.Seconds() / float64(m.Times)
}

// compareWithFirst sets the ratios.
func compareWithFirst(all []measuredPeer) {
	for i := range all {
		all[i].Ratio = all[0].P50 / all[i].P50
	}
}

const peerLine = "| %-38s | %-24s | %6s | %10s | %10s | %9s | %8s | %11s |\n"

// head returns the title of an area and the heads of its columns, in Markdown.
func (a *peerArea) head() string {
	line := fmt.Sprintf(peerLine, "", "", "times", "p50 ms", "p99 ms", "CPU s", "peak MB", "edgeframe /")
	return fmt.Sprintf("## %s\n\n%s\n\n%s|%s\n", a.Name, a.About, line, strings.Repeat("---|", 2)+strings.Repeat("--:|", 6))
}

// lines returns a line for each peer.
func (r peerRow) lines() string {
	var lines strings.Builder
	name := r.Name
	for _, m := range r.Peers {
		fmt.Fprintf(&lines, peerLine, name, m.Name, fmt.Sprint(m.Times), decimals(m.P50), decimals(m.P99), fmt.Sprintf("%.4f", m.CPU),
			fmt.Sprintf("%.0f", float64(m.PeakBytes)/1e6), fmt.Sprintf("%.3f", m.Ratio))
		name = ""
	}
	return lines.String()
}

// decimals spells milliseconds with about three digits.
func decimals(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.2f", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}
