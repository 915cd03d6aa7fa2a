//go:build !js

package disk

import "fmt"

// Report is what [Repair] found.
type Report struct {
	// Found has a sentence for each damaged file.
	Found []string
	// Aside is the directory where the damaged files are, empty if none had to be moved.
	Aside string
	// Damaged and Sessions are the numbers of items and of counted items that are damaged: reading
	// them returns [kv.ErrCorrupt]. Rebuilt is the number of items that were incomplete and are whole
	// again. Items of which nothing is left are in none of these.
	Damaged, Sessions, Rebuilt int
	// Lost is set if anything is damaged, or if items may be lost of which nothing is left.
	Lost bool
	// Left is the number of counted items in the store.
	Left int64
}

// Repair checks everything in a directory that no process has open and mends it as [Open] does. In
// addition it puts back missing markers, and reads every value.
func Repair(dir string, opt Options) (r Report, err error) {
	opt.repair = true
	d, m, err := open(dir, opt)
	if err != nil {
		return r, err
	}
	r = Report{
		Found:    m.said,
		Damaged:  m.lost.items,
		Sessions: m.lost.counted,
		Rebuilt:  m.lost.rebuilt,
		Lost:     m.lossy || m.lost.items > 0,
		Left:     d.counted.Load(),
	}
	if isDir(m.aside) {
		r.Aside = m.aside
	}
	if err := d.Close(); err != nil {
		return r, fmt.Errorf("closing the storage directory: %w", err)
	}
	return r, nil
}
