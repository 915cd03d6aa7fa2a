//go:build !js

package disk

// Space is what the engine takes of its disk.
type Space struct {
	// Used is what the files of the engine take, Free what is free on their disk, for users that are not
	// privileged, both in bytes; Free is 0 if it cannot be measured.
	Used, Free uint64
	// Damaged is how many files are damaged.
	Damaged int
}

// Space returns the present numbers. It reads no data.
func (d *Driver) Space() Space {
	s := Space{Used: d.db.Metrics().DiskSpaceUsage()}
	if usage, err := d.gate.fs.GetDiskUsage(d.gate.dir); err == nil {
		s.Free = usage.AvailBytes
	}
	s.Damaged, _ = d.damages.report()
	return s
}
