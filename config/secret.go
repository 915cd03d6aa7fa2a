package config

import "strconv"

// Secret is a text that must not be shown. All verbs of fmt and all text encoders print *** for
// it; a conversion to string reveals it.
type Secret string

// Hidden is shown in place of a secret.
const Hidden = "***"

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Hidden
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText hides the value from JSON and structured logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
