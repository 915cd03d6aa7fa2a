package session

import (
	"edgeframe/codec"
	"edgeframe/session/record"
)

// Token is an opaque state of a session.
type Token = record.Token

// ParseToken reads what String of a token wrote.
func ParseToken(s string) (Token, error) {
	t, ok := record.ParseToken(s)
	if !ok {
		return Token{}, fail(ErrInvalidParameter, "%q is not a revision; send an Edgeframe-Revision as it was received", codec.Shorten(s))
	}
	return t, nil
}
