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

func TestAGoalIsMetByAllItsMeasurements(t *testing.T) {
	measurement := func(name string, ours int, peers ...measuredPeer) peerRow {
		row := peerRow{Name: name, Peers: append([]measuredPeer{measuredAs("edgeframe", 0, 100<<20, ours)}, peers...)}
		compareWithFirst(row.Peers)
		return row
	}
	results := peerResults{Areas: []peerArea{
		{Name: "engines", Rows: []peerRow{
			measurement("load the CSV", 90, measuredAs("DuckDB 1.5", 0, 0, 100)),
			measurement("describe", 160, measuredAs("DuckDB 1.5", 0, 0, 500), measuredAs("Polars 0.26", 0, 0, 100)),
		}},
		{Name: sendersArea, Rows: []peerRow{
			measurement(senderTitle(1000, 1), 10, measuredAs("webdis", 0, 0, 20)),
			measurement(senderTitle(10_000, 1), 10, measuredAs("webdis", 0, 0, 19)),
			measurement(senderTitle(100_000, 1), 10, measuredAs("webdis", 0, 0, 90)),
		}},
		{Name: alikeArea, Rows: []peerRow{
			measurement(alikeTitle(alikeWorks[0], embedded), 10, measuredAs("edgeframe, 100000 rows", 0, 0, 11)),
			measurement(alikeTitle(alikeWorks[0], onRedis), 10, measuredAs("edgeframe, 100000 rows", 0, 0, 9)),
			measurement(alikeTitle(alikeWorks[1], embedded), 10, measuredAs("edgeframe, 100000 rows", 0, 0, 13)),
		}},
		{Name: memoryArea, Rows: []peerRow{measurement(largeTitle("csv"), 10, measuredAs("edgeframe, idle", 0, 35<<20, 1))}},
	}}
	table := results.judge()
	met := map[string]int{}
	for _, g := range results.Goals {
		switch {
		case g.Measured == nil:
			met["not measured"]++
		case g.Met:
			met["met: "+g.What]++
		default:
			met["missed: "+g.What]++
		}
		if !strings.Contains(table, g.What) {
			t.Errorf("the table has no line for %q", g.What)
		}
	}
	for _, want := range []string{
		"met: load the CSV, stored: at most 0.9 of DuckDB's time",
		"missed: describe: at most 1.5 of Polars' time",
		"missed: whole table as Arrow on Redis, 0.4, 4 and 40 MB, 1 at once: at least 2 times webdis",
		"met: snapshot, embedded and Redis: 100,000 rows at most 1.2 of the time of 1,000",
		"missed: 1 GiB as csv: at most 64 MB more memory than idle",
	} {
		if met[want] != 1 {
			t.Errorf("not %q, but %v", want, met)
		}
	}
	if n := len(peerGoals()) - 5; met["not measured"] != n {
		t.Errorf("%d of %d goals are not measured", met["not measured"], n)
	}
}

func TestTheMeasurementsOfAllGoalsAreTaken(t *testing.T) {
	taken := map[[2]string]bool{}
	for _, work := range engineWorks {
		taken[[2]string{"engines", work.name}] = true
	}
	for _, rows := range sizes {
		for _, m := range predecessorWorks {
			taken[[2]string{predecessorArea(embedded), predecessorTitle(m, rows)}] = true
			taken[[2]string{predecessorArea(onRedis), predecessorTitle(m, rows)}] = true
		}
		taken[[2]string{sendersArea, senderTitle(rows, 1)}] = true
		taken[[2]string{sendersArea, senderTitle(rows, 8)}] = true
	}
	for _, m := range alikeWorks {
		taken[[2]string{alikeArea, alikeTitle(m, embedded)}] = true
		taken[[2]string{alikeArea, alikeTitle(m, onRedis)}] = true
	}
	for _, format := range largeFormats {
		taken[[2]string{memoryArea, largeTitle(format)}] = true
	}
	for _, g := range peerGoals() {
		for _, row := range g.rows {
			if !taken[[2]string{g.area, row}] {
				t.Errorf("%q is about %q of %q, which is not measured", g.what, row, g.area)
			}
		}
	}
}

func TestGrowthIsALineForEachSize(t *testing.T) {
	row := func(name, server string, ms ...int) peerRow {
		r := peerRow{Name: name, Peers: []measuredPeer{measuredAs(server, 2*time.Millisecond, 0, ms[0])}}
		for _, limit := range ms[1:] {
			r.Peers = append(r.Peers, measuredAs("limit", 0, 0, limit))
		}
		return r
	}
	results := peerResults{Areas: []peerArea{
		{Name: "growth of sessions", About: "Many.", Rows: []peerRow{
			row("10 sessions: page", "edgeframe, embedded", 5, 1), row("10 sessions: health", "edgeframe, embedded", 4, 2), row("10 sessions: page", "edgeframe, redis", 8, 3, 1),
		}},
		{Name: "growth of rows"},
		{Name: "growth of clients", Rows: []peerRow{row("8 clients", "edgeframe", 40, 30)}},
	}}
	table := results.grownTables()
	for _, want := range []string{
		"| | page | health |\n|---|---|---|\n",
		"| 10 sessions, embedded | 5.00 / 1.00 (2.00) | 4.00 / 2.00 (2.00) |\n",
		"| 10 sessions, redis | 8.00 / 3.00 / 1.00 (2.00) |  |\n",
		"Many. Limits of health: limit; page: limit; page: limit / limit.",
		"| 8 clients | 40.0 / 30.0 (2.00) |\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in %q", want, table)
		}
	}
	if strings.Contains(table, "growth of rows") {
		t.Error("an area without measurements has a table")
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
