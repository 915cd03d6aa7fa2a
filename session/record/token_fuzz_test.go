package record

import "testing"

func FuzzToken(f *testing.F) {
	for _, s := range []string{
		"1-0123456789abcdef", "18446744073709551615-ffffffffffffffff", "0-0000000000000000", "", "-", "1", "1-", "-1-0123456789abcdef",
		"+1-0123456789abcdef", "01-0123456789abcdef", "1-0123456789ABCDEF", "1-0123456789abcde", "1-0123456789abcdef0", " 1-0123456789abcdef",
		"1_0-0123456789abcdef", "0x1-0123456789abcdef", "1-0123456789abcdef\n", "18446744073709551616-0123456789abcdef", "\u0661-0123456789abcdef",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token, ok := ParseToken(s)
		if !ok {
			if token != (Token{}) {
				t.Fatalf("%q is rejected and read as %v", s, token)
			}
			return
		}
		if token.String() != s {
			t.Fatalf("%q was read as %q", s, token)
		}
		if again := TokenOf(token.KV()); again != token {
			t.Fatalf("%v became %v in the store", token, again)
		}
	})
}
