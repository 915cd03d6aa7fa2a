package record

import (
	"fmt"
	"slices"
)

// DecodeManifest reads the stored form of the manifest of a table with so many columns. All
// positions in a manifest that it returns are valid.
func DecodeManifest(b []byte, columns int) (*Manifest, error) {
	if columns < 0 {
		return nil, fmt.Errorf("a table of %d columns", columns)
	}
	m := new(Manifest)
	rest, err := unmarshal(m, b)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow it", len(rest))
	}
	return m, m.check(columns)
}

// check rejects a manifest whose parts do not fit together, so that callers can use positions as
// indices without checking them.
func (m *Manifest) check(columns int) error {
	held := make([]bool, columns)
	for _, segment := range m.Layout {
		for _, c := range segment {
			if c < -1 || c >= columns || c >= 0 && held[c] {
				return fmt.Errorf("column %d of %d is out of range or repeated", c, columns)
			}
			if c >= 0 {
				held[c] = true
			}
		}
	}
	if missing := slices.Index(held, false); missing >= 0 {
		return fmt.Errorf("no segment holds column %d", missing)
	}
	for _, g := range m.Groups {
		if g.Rows < 0 || len(g.Segments) != len(m.Layout) || len(g.Missing) != columns {
			return fmt.Errorf("a row group of %d rows has %d segments in a layout of %d and %d missing counts for %d columns", g.Rows, len(g.Segments), len(m.Layout), len(g.Missing), columns)
		}
	}
	return nil
}
