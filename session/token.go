package session

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"edgeframe/codec"
	"edgeframe/kv"
)

// Token is an opaque state of a session: a revision that grows by one per commit, and the
// commit's random id, which tells apart two commits that made the same revision.
type Token struct {
	Revision uint64
	Commit   [8]byte
}

func (t Token) String() string { return fmt.Sprintf("%d-%x", t.Revision, t.Commit) }

// ParseToken reads what String wrote.
func ParseToken(s string) (Token, error) {
	var t Token
	var commit []byte
	if n, err := fmt.Sscanf(s, "%d-%x", &t.Revision, &commit); n != 2 || err != nil || len(commit) != 8 {
		return Token{}, fail(ErrInvalidParameter, "%q is not a revision; send an Edgeframe-Revision as it was received", codec.Shorten(s))
	}
	copy(t.Commit[:], commit)
	if t.String() != s {
		return Token{}, fail(ErrInvalidParameter, "%q is not a revision; send an Edgeframe-Revision as it was received", codec.Shorten(s))
	}
	return t, nil
}

func (t Token) kv() (r kv.Revision) {
	binary.BigEndian.PutUint64(r[:8], t.Revision)
	copy(r[8:], t.Commit[:])
	return r
}

func tokenOf(r kv.Revision) (t Token) {
	t.Revision = binary.BigEndian.Uint64(r[:8])
	copy(t.Commit[:], r[8:])
	return t
}

// next returns the token of the commit after t.
func (t Token) next() Token {
	n := Token{Revision: t.Revision + 1}
	rand.Read(n.Commit[:])
	return n
}
