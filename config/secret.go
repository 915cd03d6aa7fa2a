package config

import "strconv"

// Secret is a text that must not be shown. Every verb of fmt and every encoder of text
// prints *** for it; a conversion to string reveals it.
type Secret string

// Hidden is what stands for a secret that is not shown.
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
