package codec

import (
	"fmt"
	"strconv"
	"strings"
)

// Shorten cuts hostile text so that it can stand in an error message: after 60 bytes, and
// between characters.
func Shorten(s string) string {
	const most = 60
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Plural returns n and a noun, with an s unless n is 1.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Quoted quotes a name for an error message.
func Quoted(s string) string { return strconv.Quote(Shorten(s)) }

// QuotedBytes is [Quoted] without a copy of the whole text.
func QuotedBytes(b []byte) string {
	const enough = 64 // more than Shorten leaves
	return Quoted(string(b[:min(len(b), enough)]))
}
