//go:build !js

package main

import (
	"fmt"
	"slices"
	"strings"
)

// goal is what a run shall show.
type goal struct {
	// what is asked for, of measurements of an area. All of them have to be met.
	what, area string
	rows       []string
	// number is the result of a measurement, which shall be at most, or at least, bound.
	number func(peerRow) (float64, bool)
	least  bool
	bound  float64
}

// metGoal is what became of a goal.
type metGoal struct {
	What string `json:"goal"`
	// Measured are the numbers of the measurements that the goal is about, empty if some were not taken.
	Measured []float64 `json:"measured"`
	Met      bool      `json:"met"`
}

// timeOf is the time of the server divided by that of the peer whose name begins so.
func timeOf(peer string) func(peerRow) (float64, bool) {
	return func(row peerRow) (float64, bool) {
		at := slices.IndexFunc(row.Peers, func(m measuredPeer) bool { return strings.HasPrefix(m.Name, peer) })
		if at < 0 {
			return 0, false
		}
		return row.Peers[0].P50 / row.Peers[at].P50, true
	}
}

// timesFaster is how many times as fast as a peer the server is.
func timesFaster(peer string) func(peerRow) (float64, bool) {
	of := timeOf(peer)
	return func(row peerRow) (float64, bool) {
		n, ok := of(row)
		return 1 / n, ok
	}
}

// largeToSmall is the time for the large table divided by that for the small one, which is first.
func largeToSmall(row peerRow) (float64, bool) { return 1 / row.Peers[1].Ratio, true }

// besidesIdle is how much more memory than the idle server the sending one takes, in MB of 1,048,576 bytes.
func besidesIdle(row peerRow) (float64, bool) {
	return float64(row.Peers[0].PeakBytes-row.Peers[1].PeakBytes) / (1 << 20), true
}

// peerGoals are all goals, in the order of the areas.
func peerGoals() []goal {
	goals := []goal{
		{"load the CSV, stored: at most 0.9 of DuckDB's time", "engines", []string{"load the CSV"}, timeOf("DuckDB"), false, 0.9},
	}
	for _, name := range []string{"filter, half of the rows", "sort by text and float", "drop duplicates, two columns", "drop duplicates, all columns", "fill by the median"} {
		goals = append(goals, goal{name + ": at most 1.0 of DuckDB's time", "engines", []string{name}, timeOf("DuckDB"), false, 1})
	}
	goals = append(goals,
		goal{"describe: at most 1.5 of Polars' time", "engines", []string{"describe"}, timeOf("Polars"), false, 1.5},
		goal{"write Parquet: at most 0.9 of DuckDB's time", "engines", []string{"write Parquet"}, timeOf("DuckDB"), false, 0.9},
		goal{"write CSV: at most 0.9 of DuckDB's time", "engines", []string{"write CSV"}, timeOf("DuckDB"), false, 0.9},
	)
	for _, store := range []string{embedded, onRedis} {
		goals = append(goals, predecessorGoals(store)...)
	}
	for _, clients := range []int{1, 8} {
		var rows []string
		for _, n := range sizes {
			rows = append(rows, senderTitle(n, clients))
		}
		whole := fmt.Sprintf("whole table as Arrow on Redis, 0.4, 4 and 40 MB, %d at once: ", clients)
		goals = append(goals,
			goal{whole + "at least 2 times webdis", sendersArea, rows, timesFaster("webdis"), true, 2},
			goal{whole + "at least 0.8 of net/http with one GET", sendersArea, rows, timesFaster("net/http, one GET"), true, 0.8})
	}
	for _, m := range alikeWorks {
		goals = append(goals, goal{
			m.name + ", embedded and Redis: 100,000 rows at most 1.2 of the time of 1,000", alikeArea,
			[]string{alikeTitle(m, embedded), alikeTitle(m, onRedis)},
			largeToSmall, false, 1.2,
		})
	}
	for _, format := range largeFormats {
		goals = append(goals, goal{largeTitle(format) + ": at most 64 MB more memory than idle", memoryArea, []string{largeTitle(format)}, besidesIdle, false, 64})
	}
	return goals
}

// predecessorGoals are the goals beside the predecessor on a store.
func predecessorGoals(store string) []goal {
	titles := func(name string, sizes []int) (titles []string) {
		for _, rows := range sizes {
			titles = append(titles, predecessorTitle(predecessorWorkNamed(name), rows))
		}
		return titles
	}
	area, uploads := predecessorArea(store), titles("upload", sizes[1:])
	times := map[string]float64{embedded: 5, onRedis: 20}[store]
	goals := []goal{
		{"upload of 4 and 40 MB, " + store + ": at most 0.4 of the time of pandas.read_csv", area, uploads, timeOf("pandas.read_csv"), false, 0.4},
		{fmt.Sprintf("upload of 4 and 40 MB, %s: at least %g times the predecessor", store, times), area, uploads, timesFaster("predecessor"), true, times},
	}
	for _, name := range []string{"page, first after an upload", "page again", "edit of 1,000 cells", "undo", "snapshot"} {
		goals = append(goals, goal{name + ", 1,000 to 100,000 rows, " + store + ": at least 20 times the predecessor", area, titles(name, sizes), timesFaster("predecessor"), true, 20})
	}
	return goals
}

// of returns what became of the goal.
func (g *goal) of(r *peerResults) metGoal {
	m := metGoal{What: g.what, Met: true}
	for _, name := range g.rows {
		number, ok := 0.0, false
		if row := r.find(g.area, name); row != nil {
			number, ok = g.number(*row)
		}
		if !ok {
			return metGoal{What: g.what}
		}
		m.Measured = append(m.Measured, number)
		m.Met = m.Met && (number == g.bound || number > g.bound == g.least)
	}
	return m
}

// find returns a measurement, nil if it was not taken.
func (r *peerResults) find(area, name string) *peerRow {
	for _, a := range r.Areas {
		if i := slices.IndexFunc(a.Rows, func(row peerRow) bool { return row.Name == name }); a.Name == area && i >= 0 {
			return &a.Rows[i]
		}
	}
	return nil
}

// judge notes what became of the goals, and returns it as a table.
func (r *peerResults) judge() string {
	const format = "| %-98s | %-16s | %-12s |\n"
	lines := "## goals\n\nEach number is of one table or one store, in this order; all of a line shall meet the goal.\n\n" + fmt.Sprintf(format, "goal", "measured", "") + "|---|---|---|\n"
	for _, g := range peerGoals() {
		m := g.of(r)
		r.Goals = append(r.Goals, m)
		var numbers []string
		for _, n := range m.Measured {
			numbers = append(numbers, decimals(n))
		}
		verdict := "not measured"
		if numbers != nil {
			verdict = map[bool]string{true: "met", false: "not met"}[m.Met]
		}
		lines += fmt.Sprintf(format, m.What, strings.Join(numbers, ", "), verdict)
	}
	return lines
}
