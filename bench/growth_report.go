//go:build !js

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// grownTable is an area of the growth with a line for each size and a column for each request.
func (a *peerArea) grownTable() string {
	var requests, sizes []string
	cells, limits := map[[2]string]string{}, map[string]bool{}
	for _, row := range a.Rows {
		size, request, named := strings.Cut(row.Name, ": ")
		if !named {
			request = "time"
		}
		if _, store, named := strings.Cut(row.Peers[0].Name, ", "); named {
			size += ", " + store
		}
		if !slices.Contains(requests, request) {
			requests = append(requests, request)
		}
		if !slices.Contains(sizes, size) {
			sizes = append(sizes, size)
		}
		cells[[2]string{size, request}] = row.besideLimits()
		limits[request+": "+row.limits()] = true
	}
	if sizes == nil {
		return ""
	}
	about := a.About + " Limits of " + strings.Join(slices.Sorted(maps.Keys(limits)), "; ") + "."
	lines := fmt.Sprintf("### %s\n\n%s\n\n| | %s |\n|---|%s\n", a.Name, about, strings.Join(requests, " | "), strings.Repeat("---|", len(requests)))
	for _, size := range sizes {
		lines += "| " + size
		for _, request := range requests {
			lines += " | " + cells[[2]string{size, request}]
		}
		lines += " |\n"
	}
	return lines + "\n"
}

// besideLimits is the median of the server, those of its limits and, in brackets, the CPU time of a request to the
// server, in milliseconds.
func (r peerRow) besideLimits() string {
	var medians []string
	for _, m := range r.Peers {
		medians = append(medians, decimals(m.P50))
	}
	return fmt.Sprintf("%s (%s)", strings.Join(medians, " / "), decimals(1000*r.Peers[0].CPU))
}

// limits are the names of the limits of a measurement.
func (r peerRow) limits() string {
	var names []string
	for _, m := range r.Peers[1:] {
		names = append(names, m.Name)
	}
	return strings.Join(names, " / ")
}

// grownTables are all areas of the growth, for documents.
func (r *peerResults) grownTables() string {
	lines := "## tables\n\nIn each cell: median of the server / of its limits, in the order that is named, and in brackets the CPU time of the server, all in ms.\n\n"
	for i := range r.Areas {
		lines += r.Areas[i].grownTable()
	}
	return lines
}
