// Package access issues and checks scoped tokens.
//
// A scoped token is a JWT (RFC 7519) that says who holds it, and what the holder may do with which sessions.
// It is checked without a store. The algorithm follows from the key that the configuration has: HS256 for a
// secret, EdDSA for a public key. The header of a token never chooses one. The package knows no HTTP, and
// keeps no state.
package access

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// maxTokenBytes is the length of the longest token that is looked at.
	maxTokenBytes = 4096
	// MaxActor is the longest name of an actor, in bytes. Each version of a session keeps one.
	MaxActor = 255
	// leeway is by how much the clock of an issuer may be ahead.
	leeway = 30 * time.Second
	// linkTime is the longest life of a token that may stand in a link.
	linkTime = time.Hour
)

// The errors of [Keys.Verify], beside [*ClaimError].
var (
	// ErrForged says that a text is not a token that one of the keys has signed.
	ErrForged = errors.New("the token is not signed by a key of this server")
	// ErrExpired says that a token was valid.
	ErrExpired = errors.New("the token has expired")
)

// ClaimError says what is wrong with a token that one of the keys has signed.
type ClaimError struct{ Text string }

func (e *ClaimError) Error() string { return e.Text }

func claimErrorf(format string, args ...any) error { return &ClaimError{fmt.Sprintf(format, args...)} }

// Token is what a scoped token says.
type Token struct {
	Scope Scope
	// Session is the id of the only session that the token is for. Empty means those that were created
	// under the same Actor.
	Session string
	// Actor is who holds the token, the claim sub.
	Actor string
	// Issued is zero if the token does not say it.
	Issued, Expires time.Time
	// Salt must be that of the session, if the token has one. Tokens of this server for one session do;
	// DELETE …/tokens changes the salt of the session.
	Salt *int64
}

// IsLink reports whether a token may stand in a link, where more people may see it: it must be for reading
// alone, and live for at most an hour.
func (t *Token) IsLink() bool {
	return t.Scope == Read && !t.Issued.IsZero() && t.Expires.Sub(t.Issued) <= linkTime
}

// claims is the body of a JWT.
type claims struct {
	jwt.RegisteredClaims
	Scope   string `json:"scope"`
	Session string `json:"session,omitempty"`
	Salt    *int64 `json:"salt,omitempty"`
}

// Keys are the keys of scoped tokens. The zero value accepts and issues none.
type Keys struct {
	// Secret signs and verifies with HS256; empty means none.
	Secret []byte
	// Public verifies with EdDSA; nil means none.
	Public ed25519.PublicKey
}

// Any reports whether there are keys.
func (k Keys) Any() bool { return k.CanIssue() || k.Public != nil }

// CanIssue reports whether [Keys.Issue] works.
func (k Keys) CanIssue() bool { return len(k.Secret) > 0 }

// Verify reads a token that one of the keys has signed and that is valid at the time now. Each key is tried
// with its own algorithm alone.
func (k Keys) Verify(text string, now time.Time) (*Token, error) {
	// The decoder of base64 would skip line ends.
	if len(text) > maxTokenBytes || strings.ContainsAny(text, "\r\n") {
		return nil, ErrForged
	}
	err := ErrForged
	var read *Token
	if len(k.Secret) > 0 {
		read, err = verify(text, jwt.SigningMethodHS256, k.Secret, now)
	}
	if k.Public != nil && errors.Is(err, ErrForged) {
		read, err = verify(text, jwt.SigningMethodEdDSA, k.Public, now)
	}
	return read, err
}

func verify(text string, method jwt.SigningMethod, key any, now time.Time) (*Token, error) {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{method.Alg()}), jwt.WithStrictDecoding(), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(func() time.Time { return now }))
	var c claims
	parsed, err := parser.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return key, nil })
	if err == nil {
		// RFC 7515 rejects tokens with extensions that the reader does not know.
		if _, critical := parsed.Header["crit"]; critical {
			err = claimErrorf("the token has the header crit, which is not accepted")
		}
	}
	switch {
	case err == nil:
		return c.token(now)
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, ErrExpired
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return nil, claimErrorf("the token has no exp; it must say when it expires")
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return nil, claimErrorf("the token is not valid yet; its nbf or iat is in the future")
	case errors.As(err, new(*ClaimError)):
		return nil, err
	}
	return nil, ErrForged
}

// token checks the claims of a token whose signature, nbf and iat are right.
func (c *claims) token(now time.Time) (*Token, error) {
	if !c.ExpiresAt.After(now) {
		return nil, ErrExpired
	}
	scope, err := ParseScope(c.Scope)
	if err != nil {
		return nil, claimErrorf("the token is not accepted: %v", err)
	}
	if err := CheckActor(c.Subject); err != nil {
		return nil, claimErrorf("the sub of the token is not accepted: %v", err)
	}
	if c.Session == "" && c.Subject == "" && scope != Create {
		return nil, claimErrorf("the token has neither session nor sub; one of them must say which sessions it is for")
	}
	t := &Token{Scope: scope, Session: c.Session, Actor: c.Subject, Expires: c.ExpiresAt.Time, Salt: c.Salt}
	if c.IssuedAt != nil {
		t.Issued = c.IssuedAt.Time
	}
	return t, nil
}

// CheckActor returns an error that says which names of actors are accepted, if name is not one of them.
func CheckActor(name string) error {
	isControl := func(r rune) bool { return r < 0x20 || r == 0x7f }
	if len(name) > MaxActor || strings.ContainsFunc(name, isControl) || strings.ToValidUTF8(name, "") != name {
		return fmt.Errorf("it must have at most %d bytes of UTF-8 without control characters", MaxActor)
	}
	return nil
}

// Issue signs a token. Its times are cut to whole seconds.
func (k Keys) Issue(t Token) (string, error) {
	if !k.CanIssue() {
		return "", errors.New("there is no secret to sign tokens with")
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: t.Actor, IssuedAt: jwt.NewNumericDate(t.Issued), ExpiresAt: jwt.NewNumericDate(t.Expires)},
		Scope:            t.Scope.String(), Session: t.Session, Salt: t.Salt,
	}).SignedString(k.Secret)
}
