package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/internal/budget"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// maxCommits is how many commits a head remembers.
const maxCommits = 16

// head is the head of a session in the hands of one request.
type head struct {
	record.Head
	// page is what the caller of [Service.Open] is going to read, if that was worked out.
	page *page
	// fetched are segments that came along when an access was noted.
	fetched map[record.SegmentRef][]arrow.Array
	// passing says that the segments that are read are not cached, as they are decoded or as they are
	// stored, because they would push out everything else.
	passing struct{ decoded, stored bool }
	// memory makes the memory for the rows of segments that are read in passing; nil if nothing reuses it.
	memory func(size int) []byte
	// patient says that segments of the head were missing, so that reads wait for those that the store
	// does not show yet.
	patient bool
	// waited says that segments were read from the store since the head was.
	waited bool
	// far is the state of a change on a store that is far away, nil otherwise.
	far *farChange
	// recalled says that the head was not read from the store for this request.
	recalled bool
	// actor is who changes the session, for the version that the change makes.
	actor string
	// logged is what the change adds to the audit log, and remade has the columns that it does not leave as they
	// are, nil if that is not known; both are for the event of the change.
	logged string
	remade map[string]bool
	// past has the steps, nil for a head that has not any yet. step is the one that the change makes, and parts is
	// the size of the segments that were sealed for steps, which never travel with the head.
	past  *past
	step  step
	parts int
	// manifests are those that were decoded.
	manifests *manifests
}

// headFactor is about how many times its stored size a head takes in memory, with what is decoded of it.
const headFactor = 4

// decodeHead reads the stored form of the head of the session with that id.
func decodeHead(ctx context.Context, id string, b []byte) (*head, error) {
	if err := budget.From(ctx).Use(ctx, headFactor*int64(len(b))); err != nil {
		return nil, err
	}
	stored, err := record.DecodeHead(b)
	if err != nil {
		return nil, unreadable(id, err)
	}
	return &head{Head: *stored, past: new(past), manifests: new(manifests)}, nil
}

// errOnItsWay is the cause of the error about a session that another server has.
var errOnItsWay = errors.New("the session is being moved into this store by another server, which still has it")

// onItsWay returns an error if h announces a session that is not here yet.
func (h *head) onItsWay() error {
	if h.Expires != record.OnItsWay {
		return nil
	}
	return &kv.Outage{RetryAfter: time.Second, Err: fmt.Errorf("session %s: %w", h.ID, errOnItsWay)}
}

func (h *head) ttl() time.Duration { return time.Duration(h.TTL) * time.Millisecond }

// current is the version that is read and changed.
func (h *head) current() *record.Version { return &h.Versions[h.Current] }

// find returns the version with that id, the current one for 0.
func (h *head) find(id uint32) (*record.Version, error) {
	if id == 0 {
		return h.current(), nil
	}
	if ver := h.version(id); ver != nil {
		return ver, nil
	}
	return nil, fail(ErrVersionNotFound, "version %d is not kept; %s", id, h.keptVersions())
}

// version returns the version with that id, nil if it is not kept.
func (h *head) version(id uint32) *record.Version {
	for i := range h.Versions {
		if h.Versions[i].ID == id {
			return &h.Versions[i]
		}
	}
	return nil
}

// keptVersions says which versions are kept.
func (h *head) keptVersions() (spelled string) {
	if len(h.Versions) == 1 {
		return fmt.Sprintf("version %d is", h.Versions[0].ID)
	}
	for i := 0; i < len(h.Versions); i++ {
		first := i
		for i+1 < len(h.Versions) && h.Versions[i+1].ID == h.Versions[i].ID+1 {
			i++
		}
		if first > 0 {
			spelled += ", "
		}
		spelled += strconv.FormatUint(uint64(h.Versions[first].ID), 10)
		if first < i {
			spelled += " to " + strconv.FormatUint(uint64(h.Versions[i].ID), 10)
		}
	}
	return "versions " + spelled + " are"
}

// push makes ver the current version. Versions that could be redone are dropped; of the previous
// versions the newest most are kept. Those that have a name are kept besides.
func (h *head) push(ver *record.Version, now time.Time, summary string, most int) {
	commit := record.NewCommit()
	ver.ID = h.NextVersion
	ver.Time = now.UnixMilli()
	ver.Summary = summary
	ver.Commit = commit[:]
	ver.Actor = h.actor
	ver.Name, ver.Aside = "", false
	before := h.moments()
	h.NextVersion++
	h.Versions = append(h.previous(most), *ver)
	h.Current = len(h.Versions) - 1
	h.setMoments(before, record.Moment{Time: ver.Time, Version: ver.ID})
	h.dropUnused()
}

// previous returns the versions that are kept before the next one, of which most have no name.
func (h *head) previous(most int) []record.Version {
	kept, unnamed := make([]record.Version, 0, len(h.Versions)+1), 0
	for i := len(h.Versions) - 1; i >= 0; i-- {
		ver := h.Versions[i]
		switch {
		case ver.Name != "":
			ver.Aside = ver.Aside || i > h.Current
		case ver.Aside || i > h.Current || unnamed == most:
			continue
		default:
			unnamed++
		}
		kept = append(kept, ver)
	}
	slices.Reverse(kept)
	return kept
}

// neighbour returns the position of the version to which undo, if by is -1, or redo, if it is 1, goes.
func (h *head) neighbour(by int) (at int, ok bool) {
	for at = h.Current + by; at >= 0 && at < len(h.Versions); at += by {
		if !h.Versions[at].Aside {
			return at, true
		}
	}
	return 0, false
}

// advance gives h the revision after its own.
func (h *head) advance() {
	h.Revision = h.Revision.Next()
	before := h.Commits[max(len(h.Commits)-maxCommits+1, 0):]
	// The commit is a copy: a part of h would keep h in memory, and that its own commits and so all heads before it.
	h.Commits = append(append(make([][]byte, 0, maxCommits), before...), bytes.Clone(h.Revision.Commit[:]))
}

// accepts returns an error if the client has seen a newer state than h, or a commit that is not
// in the history of h. A commit that h no longer remembers is assumed to be in it.
func (h *head) accepts(after Token) error {
	switch {
	case after == Token{}:
		return nil
	case after.Revision > h.Revision.Revision:
		return fail(ErrStaleRead, "revision %s is not visible here yet; try again shortly", after)
	case h.remembers(after.Revision) && !h.made(after):
		return fail(ErrConflict, "revision %s lost against another change of the session; read the session again", after)
	}
	return nil
}

// remembers reports whether h knows which commit made a revision.
func (h *head) remembers(revision uint64) bool {
	return revision <= h.Revision.Revision && h.Revision.Revision-revision < uint64(len(h.Commits))
}

// made reports whether t is a commit in the history of h, as far as h remembers it.
func (h *head) made(t Token) bool {
	return h.remembers(t.Revision) && bytes.Equal(h.Commits[len(h.Commits)-1-int(h.Revision.Revision-t.Revision)], t.Commit[:])
}

// extend notes an access in h at the time now. It returns the keys of the segments if they have
// to be renewed, for a segmentTTL, because they might not outlive h,
// and nil otherwise. If none of them is in the store, the list is empty but not nil.
func (h *head) extend(now time.Time, keep retention) (renew []string, err error) {
	h.Accessed = now.UnixMilli()
	h.Expires = now.Add(keep.headTTL(h.ttl())).UnixMilli()
	if h.Lease >= h.Expires {
		return nil, nil
	}
	refs, err := h.storedSegments()
	if err != nil {
		return nil, err
	}
	renew = make([]string, 0, len(refs))
	for r := range refs {
		renew = append(renew, record.SegmentKey(h.ID, r))
	}
	h.Lease = now.Add(keep.segmentTTL(h.ttl())).UnixMilli()
	return renew, nil
}

// keys returns the keys of segments.
func (h *head) keys(refs []record.SegmentRef) []string {
	keys := make([]string, len(refs))
	for i, r := range refs {
		keys[i] = record.SegmentKey(h.ID, r)
	}
	return keys
}
