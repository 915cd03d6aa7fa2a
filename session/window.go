package session

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
	"edgeframe/frame"
	"edgeframe/internal/budget"
)

// window is rows that follow one another in a selection. The rows of a page of a sorted table are anywhere in
// it, so that a page may read most row groups. Some more rows of the same row groups cost little, and are
// those that somebody who scrolls asks for next.
type window struct {
	// The rows are n rows of the selection from from on.
	from, n int64
	records []arrow.Record
}

const (
	// windowRows and windowBytes, in raw bytes, are the size of the largest window.
	windowRows  = 4096
	windowBytes = 2 << 20
	// nearGroups is of how many row groups the rows of a page may be so that no window is made for it, and
	// aheadFactor how many times as many those of a window are at most.
	nearGroups  = 2
	aheadFactor = 4
)

// far reports whether a window is made for the rows of a page. Rows that are in their order in the table need
// none: the next ones are in other row groups.
func (rows *selectedRows) far(p *page) bool {
	return rows.selection.Sorted() && len(p.ranges) > nearGroups
}

// windowOf returns a window that has the rows, nil if none is cached.
func (s *Service) windowOf(rows *selectedRows) *window {
	if !rows.selection.Sorted() || rows.n > windowRows {
		return nil
	}
	cached, _ := s.cache.Get(rows.window)
	w := cached.window
	if w == nil || rows.offset < w.from || rows.offset+rows.n > w.from+w.n {
		return nil
	}
	return w
}

// part returns the rows of w that are rows.
func (w *window) part(rows *selectedRows) []arrow.Record {
	return sliced(w.records, rows.offset-w.from, rows.n)
}

// windowKey is the key in the cache of the last window of some columns of a selection.
func windowKey(selection string, columns []int) string {
	digest := sha256.Sum256(fmt.Append(nil, columns))
	return "rows of " + selection + " " + hex.EncodeToString(digest[:16])
}

// ahead returns how many rows from the first of the data on are taken at once: those that are in about the same
// row groups.
func (rows *selectedRows) ahead(p *page) int64 {
	n := min(windowRows, windowBytes/max(rows.rowBytes(p), 1), rows.selection.Len()-rows.offset)
	for n > rows.n && len(rows.rangesOf(p.manifest, n)) > aheadFactor*len(p.ranges) {
		n /= 2
	}
	return max(n, rows.n)
}

// takeWindow takes the rows of the data, which fit in one batch, and those after them, and keeps them all in the
// cache.
func (d *Data) takeWindow() ([]arrow.Record, error) {
	rows := d.rows
	w := &window{from: rows.offset, n: rows.ahead(d.page)}
	if err := rows.reserve(d, w.n); err != nil {
		return nil, err
	}
	share := budget.From(d.ctx)
	before := share.Used()
	defer func() {
		rows.loader.release()
		d.used = share.Used() - before
	}()
	var err error
	if w.records, err = takeRows(rows.frame, everyColumn(d.page.schema), rows.selection.Rows(w.from, w.n)); err != nil {
		return nil, err
	}
	bytes := int64(0)
	for _, rec := range w.records {
		raw := int64(0)
		for _, column := range rec.Columns() {
			scalar.Prepare(column) // requests share what is cached
			raw += frame.RawBytes(column)
		}
		bytes += memoryOf(rec.Columns(), int(raw))
	}
	d.s.cache.Add(rows.window, cachedValue{window: w}, bytes)
	return w.part(rows), nil
}
