package record

import (
	"slices"

	"edgeframe/kv"
)

// OnItsWay is [Head.Expires] of a head that announces a session: it is being moved into this store by a server that
// still has it. To everybody else, also to earlier releases, it is a head that has expired.
const OnItsWay = -1

// Announcement is the head with the token t that says that a session is on its way.
func Announcement(id string, t Token) *Head {
	return &Head{
		ID: id, Revision: t, Expires: OnItsWay,
		Versions: make([]Version, 1), Schemas: make([][]byte, 1), Manifests: make([][]byte, 1),
	}
}

// Moving is what a store notes about a session that is being moved into another one.
type Moving struct {
	// Announced is the token of the announcement in the other store. Earlier releases made none; then it is zero.
	Announced Token
	// Of is the token of the session in this store when the note was made.
	Of Token
	// Handed says that the session may be in the other store.
	Handed bool
}

// The first byte of a stored note, before the tokens of the announcement and of the session. Notes of earlier releases are the byte 1.
const (
	movingAnnounced = 2
	movingHanded    = 3
)

// Encode returns the stored form of a note with an announcement.
func (m Moving) Encode() []byte {
	state := byte(movingAnnounced)
	if m.Handed {
		state = movingHanded
	}
	announced, of := m.Announced.KV(), m.Of.KV()
	return slices.Concat([]byte{state}, announced[:], of[:])
}

// DecodeMoving reads the stored form of a note; nil is that of none. What cannot be read says that the session may be
// in the other store, as those of earlier releases do.
func DecodeMoving(b []byte) Moving {
	if b == nil {
		return Moving{}
	}
	if len(b) != 1+2*kv.RevisionSize || b[0] != movingAnnounced && b[0] != movingHanded {
		return Moving{Handed: true}
	}
	announced, of := kv.RevisionOf(b[1:]), kv.RevisionOf(b[1+kv.RevisionSize:])
	return Moving{Announced: TokenOf(announced), Of: TokenOf(of), Handed: b[0] == movingHanded}
}
