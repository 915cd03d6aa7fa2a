// Package logsafe makes the lines of a log safe to keep and to show.
//
// Whoever knows the id of a session can read and change it, and logs are often kept, copied and read
// by more people than the data. So ids are shortened, enough to follow one session and too short to
// use it. Characters that a terminal does not show as they are, such as those that reverse the
// direction of text, are escaped.
package logsafe

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Ids are UUIDs in their usual form, of which the first keptChars stay.
const (
	idChars   = len("00000000-0000-0000-0000-000000000000")
	keptChars = 8
)

// Line returns a line of a log, or several, with ids shortened and with characters escaped that are not
// printable. An escape is that of JSON, so a line of JSON has the same values afterwards, except for
// the ids. Request ids stay as they are: clients choose them, and need them to find a request.
func Line(line []byte) []byte {
	safe := make([]byte, 0, len(line)+len(line)/8)
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		switch {
		case isID(line[i:]) && !isRequestID(safe):
			safe = append(safe, line[i:i+keptChars]...)
			safe = append(safe, "…"...)
			size = idChars
		case r == '\n' || r == '\t' || unicode.IsPrint(r) && (r != utf8.RuneError || size > 1):
			safe = append(safe, line[i:i+size]...)
		default:
			safe = appendEscape(safe, r)
		}
		i += size
	}
	return safe
}

// isID reports whether text begins with a UUID.
func isID(text []byte) bool {
	if len(text) < idChars || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	for i, c := range text[:idChars] {
		isHex := '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
		if !isHex && i != 8 && i != 13 && i != 18 && i != 23 {
			return false
		}
	}
	return true
}

// isRequestID reports whether what follows before is the value of the attribute request_id, in text or
// in JSON.
func isRequestID(before []byte) bool {
	return bytes.HasSuffix(before, []byte(" request_id=")) || bytes.HasSuffix(before, []byte(`,"request_id":"`))
}

func appendEscape(b []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return fmt.Appendf(b, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(b, `\u%04x`, r)
}
