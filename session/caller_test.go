package session

import (
	"errors"
	"testing"
	"time"
)

func TestCallersAreAdmittedByOwnerAndSalt(t *testing.T) {
	revoked := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	salt := revoked.UnixMilli()
	for _, tt := range []struct {
		claim   string
		owner   string
		revoked int64
		caller  Caller
		want    error
	}{
		{"anybody", "ada", salt, Caller{}, nil},
		{"the owner", "ada", 0, Caller{Token: true, OwnerOnly: true, Actor: "ada"}, nil},
		{"another owner", "ada", 0, Caller{Token: true, OwnerOnly: true, Actor: "bob"}, ErrForbidden},
		{"a session without owner", "", 0, Caller{Token: true, OwnerOnly: true, Actor: "bob"}, ErrForbidden},
		{"another actor with a token for the session", "ada", 0, Caller{Token: true, Actor: "bob"}, nil},
		{"the first salt", "", 0, Caller{Token: true, Salted: true}, nil},
		{"the first salt after a revocation", "", salt, Caller{Token: true, Salted: true, Issued: revoked.Add(time.Hour)}, ErrTokenRevoked},
		{"the present salt", "", salt, Caller{Token: true, Salted: true, Salt: salt}, nil},
		{"a salt that is no more", "", salt, Caller{Token: true, Salted: true, Salt: salt - 1}, ErrTokenRevoked},
		{"a salt of a lost revocation", "", 0, Caller{Token: true, Salted: true, Salt: salt}, ErrTokenRevoked},
		{"no salt, issued before", "", salt, Caller{Token: true, Issued: revoked.Add(-time.Hour)}, ErrTokenRevoked},
		{"no salt, issued in the same second", "", salt, Caller{Token: true, Issued: revoked.Truncate(time.Second)}, ErrTokenRevoked},
		{"no salt, issued after", "", salt, Caller{Token: true, Issued: revoked.Truncate(time.Second).Add(time.Second)}, nil},
		{"neither salt nor time", "", salt, Caller{Token: true}, ErrTokenRevoked},
		{"neither, never revoked", "", 0, Caller{Token: true}, nil},
	} {
		h := &head{}
		h.Owner, h.Revoked = tt.owner, tt.revoked
		if err := h.admit(tt.caller); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.claim, err, tt.want)
		}
	}
}
