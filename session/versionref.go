package session

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"edgeframe/codec"
	"edgeframe/session/record"
)

// VersionRef says which version of a session is meant. The zero value is the current one.
type VersionRef struct {
	// ID is the id of the version, Name its name, and Time a time at which it was the current one; one of them.
	ID   uint32
	Name string
	Time time.Time
}

// ParseVersion reads how a parameter names a version: by an id, by @ and a name, or by a time of RFC 3339.
func ParseVersion(parameter, text string) (VersionRef, error) {
	if name, ok := strings.CutPrefix(text, "@"); ok {
		return VersionRef{Name: name}, checkName(name)
	}
	if id, err := strconv.ParseUint(text, 10, 32); err == nil && id > 0 {
		return VersionRef{ID: uint32(id)}, nil
	}
	if at, err := parseTime(text); err == nil {
		return VersionRef{Time: at}, nil
	}
	return VersionRef{}, fail(ErrInvalidParameter, "%s=%s is not accepted; it must be a whole number from 1 to 4294967295, @ and the name of a version, or a time such as 2026-01-31T09:30:00Z", parameter, codec.Shorten(text))
}

// parseTime reads a time of RFC 3339. In a query a + that was not escaped has become a blank.
func parseTime(text string) (time.Time, error) {
	if at := len(text) - len("+00:00"); at > 0 && text[at] == ' ' {
		text = text[:at] + "+" + text[at+1:]
	}
	return time.Parse(time.RFC3339, text)
}

// String returns what [ParseVersion] reads, "" for the current version.
func (of VersionRef) String() string {
	switch {
	case of.Name != "":
		return "@" + of.Name
	case !of.Time.IsZero():
		return of.Time.Format(time.RFC3339Nano)
	case of.ID > 0:
		return strconv.FormatUint(uint64(of.ID), 10)
	}
	return ""
}

// Resolve returns the id of a version, 0 for the current one.
func (sess *Session) Resolve(of VersionRef) (uint32, error) {
	if of == (VersionRef{}) {
		return 0, nil
	}
	ver, err := sess.head.resolve(of)
	if err != nil {
		return 0, err
	}
	return ver.ID, nil
}

// resolve returns the kept version that is meant.
func (h *head) resolve(of VersionRef) (*record.Version, error) {
	switch {
	case of.Name != "":
		return h.named(of.Name)
	case !of.Time.IsZero():
		return h.asOf(of.Time)
	}
	return h.find(of.ID)
}

func (h *head) named(name string) (*record.Version, error) {
	var names []string
	for i := range h.Versions {
		if h.Versions[i].Name == name {
			return &h.Versions[i], nil
		}
		if h.Versions[i].Name != "" {
			names = append(names, strconv.Quote(h.Versions[i].Name))
		}
	}
	if names == nil {
		return nil, fail(ErrVersionNotFound, "no version is called %q; none has a name yet", name)
	}
	return nil, fail(ErrVersionNotFound, "no version is called %q; these names are given: %s", name, strings.Join(names, ", "))
}

// PrefetchVersion is the prefetch that with returns for the version that is meant.
func PrefetchVersion(of VersionRef, with func(id uint32) Prefetch) Prefetch {
	if of == (VersionRef{}) || of.ID > 0 {
		return with(of.ID)
	}
	return Prefetch{func(s *Service, h *head) []record.SegmentRef {
		ver, err := h.resolve(of)
		if err != nil {
			return nil
		}
		return with(ver.ID).refs(s, h)
	}}
}

// MaxNames is how many versions of a session may have a name.
const MaxNames = 20

// maxName is the length of the longest name of a version, in characters.
const maxName = 100

// checkName rejects what cannot be the name of a version.
func checkName(name string) error {
	_, notTime := parseTime(name)
	digits := strings.Trim(name, "0123456789") == ""
	unprintable := strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) })
	switch n := utf8.RuneCountInString(name); {
	case n == 0 || n > maxName:
		return fail(ErrInvalidParameter, "a name of %d characters is not accepted; the name of a version has 1 to %d", n, maxName)
	case !utf8.ValidString(name) || unprintable || strings.TrimSpace(name) != name:
		return fail(ErrInvalidParameter, "the name %q is not accepted; the name of a version has printable characters, and neither begins nor ends with a blank", codec.Shorten(name))
	case digits || notTime == nil || name[0] == '@':
		return fail(ErrInvalidParameter, "the name %q is not accepted; the name of a version does not look like the id of one or like a time, and does not begin with @", codec.Shorten(name))
	}
	return nil
}

// moments returns which version was current when, as far as that is known. Nobody may change the list.
func (h *head) moments() []record.Moment {
	if h.Moments != nil {
		return h.Moments
	}
	return h.madeAt()
}

// madeAt returns when the kept versions became current if each did when it was made, and at no other time. What was
// current between two versions that do not follow one another is not known.
func (h *head) madeAt() []record.Moment {
	list := make([]record.Moment, 0, len(h.Versions)+2)
	for i := range h.Versions {
		ver, next := &h.Versions[i], h.NextVersion
		list = append(list, record.Moment{Time: ver.Time, Version: ver.ID})
		if i+1 < len(h.Versions) {
			next = h.Versions[i+1].ID
		} else if i != h.Current {
			next = 0
		}
		if next != ver.ID+1 {
			list = append(list, record.Moment{Time: ver.Time + 1})
		}
	}
	return list
}

// maxMoments is how many moments a head remembers.
const maxMoments = 64

// setMoments keeps the moments of the head before, and the next one, as far as they say something about the kept
// versions.
func (h *head) setMoments(before []record.Moment, next record.Moment) {
	kept, last := make([]record.Moment, 0, len(before)+1), uint32(0)
	add := func(m record.Moment) {
		if !h.isKept(m.Version) {
			m.Version = 0
		}
		if m.Version != last {
			kept, last = append(kept, m), m.Version
		}
	}
	for _, m := range before {
		add(m)
	}
	add(next)
	kept = kept[max(len(kept)-maxMoments, 0):]
	if h.Moments = kept; slices.Equal(kept, h.madeAt()) {
		h.Moments = nil
	}
}

// asOf returns the version that was current at a time.
func (h *head) asOf(at time.Time) (*record.Version, error) {
	if at.UnixMilli() < h.Created {
		return nil, fail(ErrVersionNotFound, "at %s there was no version yet; the session was made at %s", at.Format(time.RFC3339), clock(h.Created).Format(time.RFC3339Nano))
	}
	// Clocks of servers may differ, so the times need not ascend.
	for _, m := range slices.Backward(h.moments()) {
		if m.Time > at.UnixMilli() {
			continue
		}
		if m.Version != 0 {
			return h.find(m.Version)
		}
		break
	}
	return nil, fail(ErrVersionNotFound, "the version that was current at %s is not kept; %s", at.Format(time.RFC3339), h.keptVersions())
}

func taken(name string, by uint32) error {
	return fail(ErrNameTaken, "version %d is called %q already; give it another name, or take the name from it, first", by, name)
}

func tooManyNames() error {
	return fail(ErrTooManyNames, "%d versions have names, and no more may have one; take the name from one of them first", MaxNames)
}

// describeName is what the audit log says about a version that has got a name, or lost one.
func describeName(ver *record.Version, name string) string {
	if name == "" {
		return fmt.Sprintf("Version %d is not called '%s' any more", ver.ID, ver.Name)
	}
	return fmt.Sprintf("Version %d is called '%s'", ver.ID, name)
}
