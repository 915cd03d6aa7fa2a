package session

import (
	"sync"

	"edgeframe/session/record"
)

// readers are the reads of this instance that have row groups to load yet, by the ids of their sessions.
// Commits of this instance leave the segments that such a read needs to the last reader of the session,
// which deletes them. The lock is held for work in memory only.
type readers struct {
	mu   sync.Mutex
	open map[string]*sessionReaders
}

// sessionReaders are the reads of one session.
type sessionReaders struct {
	data map[*Data]bool
	// left are the keys of segments that no head refers to any more.
	left []string
}

// add notes a read.
func (r *readers) add(d *Data) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.open[d.head.ID]
	if of == nil {
		of = &sessionReaders{data: map[*Data]bool{}}
		r.open[d.head.ID] = of
	}
	of.data[d] = true
}

// remove notes the end of a read. It returns the keys that are to be deleted.
func (r *readers) remove(d *Data) (left []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.open[d.head.ID]
	delete(of.data, d)
	if len(of.data) > 0 {
		return nil
	}
	delete(r.open, d.head.ID)
	return of.left
}

// split divides the keys that a commit would delete into those that it may, and those that a read needs.
func (r *readers) split(id string, keys []string) (free, needed []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.open[id]
	if of == nil || len(keys) == 0 {
		return keys, nil
	}
	read := map[string]bool{}
	for d := range of.data {
		segments := d.page.segments(nil)
		for _, rg := range d.page.ranges {
			for _, at := range segments {
				read[record.SegmentKey(id, d.page.manifest.Groups[rg.group].Segments[at])] = true
			}
		}
	}
	for _, key := range keys {
		if read[key] {
			needed = append(needed, key)
		} else {
			free = append(free, key)
		}
	}
	return free, needed
}

// leave hands keys, which a commit did not delete, to the last reader of a session. If the last one has
// ended meanwhile, the segments expire.
func (r *readers) leave(id string, keys []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if of := r.open[id]; of != nil {
		of.left = append(of.left, keys...)
	}
}
