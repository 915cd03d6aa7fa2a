//go:build !js

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// measuredAs is the result of a peer with these times in milliseconds.
func measuredAs(name string, used time.Duration, peak int64, ms ...int) measuredPeer {
	m := measuredPeer{Name: name, PeakBytes: peak, used: used}
	for _, n := range ms {
		m.times = append(m.times, time.Duration(n)*time.Millisecond)
	}
	m.summarize()
	return m
}

func TestTheNumbersOfAPeerAreThoseOfItsTimes(t *testing.T) {
	m := measuredAs("a", 4*time.Second, 0, 30, 10, 40, 20)
	if m.Times != 4 || m.P50 != 20 || m.P99 != 40 || m.Minimum != 10 || m.CPU != 1 {
		t.Errorf("4 times are summarized as %+v", m)
	}
	all := make([]int, 200)
	for i := range all {
		all[i] = 200 - i
	}
	if m := measuredAs("a", 0, 0, all...); m.P50 != 100 || m.P99 != 198 {
		t.Errorf("of 1 to 200 ms the median is %g and the p99 %g", m.P50, m.P99)
	}
}

func TestAMeasurementIsARowForEachPeer(t *testing.T) {
	row := peerRow{Name: "sort", Peers: []measuredPeer{measuredAs("edgeframe", time.Second, 2_000_000, 5), measuredAs("other", 0, 0, 20)}}
	compareWithFirst(row.Peers)
	area := peerArea{Name: "area", About: "About it.", Rows: []peerRow{row}}
	var cells [][]string
	for line := range strings.Lines(area.head() + row.lines()) {
		if strings.HasPrefix(line, "|") {
			fields := strings.Split(strings.Trim(line, "|\n"), "|")
			for i := range fields {
				fields[i] = strings.TrimSpace(fields[i])
			}
			cells = append(cells, fields)
		}
	}
	want := [][]string{
		{"", "", "times", "p50 ms", "p99 ms", "CPU s", "peak MB", "edgeframe /"},
		{"---", "---", "--:", "--:", "--:", "--:", "--:", "--:"},
		{"sort", "edgeframe", "1", "5.00", "5.00", "1.0000", "2", "1.000"},
		{"", "other", "1", "20.0", "20.0", "0.0000", "0", "0.250"},
	}
	if !slices.EqualFunc(cells, want, slices.Equal) {
		t.Errorf("the table is %q, not %q", cells, want)
	}

	path := filepath.Join(t.TempDir(), "results.json")
	if err := (&peerResults{Areas: []peerArea{area}}).write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var read peerResults
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if got := read.Areas[0].Rows[0].Peers[1]; got.Ratio != 0.25 || got.P50 != 20 || got.Name != "other" {
		t.Errorf("the file has %+v", got)
	}
}

func TestGapsAreInOneColumn(t *testing.T) {
	whole, gaps := strings.Split(string(generate(100, 10)), "\n"), strings.Split(string(generateGaps(100, 10, 6)), "\n")
	for i, line := range gaps {
		cells, full := strings.Split(line, ","), strings.Split(whole[i], ",")
		if i > 0 && (i-1)%10 == 0 && i <= 100 {
			full[6] = ""
		}
		if !slices.Equal(cells, full) {
			t.Errorf("line %d is %q, not %q", i, cells, full)
		}
	}
}
