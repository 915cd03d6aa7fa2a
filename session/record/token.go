package record

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

	"edgeframe/kv"
)

// Token is an opaque state of a session: a revision that grows by one with each commit, and the
// commit's random id, which distinguishes two commits that made the same revision.
type Token struct {
	Revision uint64
	Commit   [8]byte
}

func (t Token) String() string { return string(t.Append(make([]byte, 0, 40))) }

// Append appends what String returns.
func (t Token) Append(b []byte) []byte {
	return hex.AppendEncode(append(strconv.AppendUint(b, t.Revision, 10), '-'), t.Commit[:])
}

// ParseToken reads what String wrote, and nothing else.
func ParseToken(s string) (t Token, ok bool) {
	var commit []byte
	if n, err := fmt.Sscanf(s, "%d-%x", &t.Revision, &commit); n != 2 || err != nil || len(commit) != len(t.Commit) {
		return Token{}, false
	}
	copy(t.Commit[:], commit)
	if t.String() != s {
		return Token{}, false
	}
	return t, true
}

// KV returns t as the revision of a stored value: Revision, 8 bytes big-endian, and Commit.
func (t Token) KV() (r kv.Revision) {
	binary.BigEndian.PutUint64(r[:8], t.Revision)
	copy(r[8:], t.Commit[:])
	return r
}

// TokenOf is the inverse of [Token.KV].
func TokenOf(r kv.Revision) (t Token) {
	t.Revision = binary.BigEndian.Uint64(r[:8])
	copy(t.Commit[:], r[8:])
	return t
}

// Next returns the token of a commit after t.
func (t Token) Next() Token {
	return Token{Revision: t.Revision + 1, Commit: NewCommit()}
}

// NewCommit returns a random commit id.
func NewCommit() (id [8]byte) {
	rand.Read(id[:])
	return id
}
