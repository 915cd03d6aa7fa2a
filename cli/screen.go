//go:build !js

package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// screen is where a verb prints.
type screen struct {
	io.Writer
	// terminal says that a person sees it.
	terminal bool
	// width is the number of columns of the terminal, 0 if there is none.
	width  int
	colour bool
}

// newScreen finds out what a writer is.
func newScreen(w io.Writer, environ []string) screen {
	s := screen{Writer: w}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return s
	}
	s.terminal = true
	s.width = 80
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		s.width = width
	}
	s.colour = lookup(environ, "NO_COLOR") == "" && lookup(environ, "TERM") != "dumb"
	return s
}

// lookup returns a variable of an environment, "" if it is not set. The last one counts.
func lookup(environ []string, name string) (value string) {
	for _, entry := range environ {
		if found, ok := strings.CutPrefix(entry, name+"="); ok {
			value = found
		}
	}
	return value
}

func (s screen) bold(text string) string { return s.paint("1", text) }
func (s screen) dim(text string) string  { return s.paint("2", text) }
func (s screen) red(text string) string  { return s.paint("31", text) }

func (s screen) paint(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// harmful reports whether a character would steer a terminal or change the order of what is shown.
func harmful(r rune) bool {
	return unicode.IsControl(r) || r == '\u061c' || r >= '\u200e' && r <= '\u200f' || r >= '\u2028' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// escape returns a text with control characters as they are spelled in JSON, such as \n and \u001b.
func escape(text string) string {
	if strings.IndexFunc(text, harmful) < 0 && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case harmful(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapeLines is escape for a text of several lines.
func escapeLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = escape(line)
	}
	return strings.Join(lines, "\n")
}

// safe returns a writer for text that comes from a server. On a terminal it escapes control characters, apart from
// the ends of lines and tabs. Close writes what is left of the last character.
func (s screen) safe() io.WriteCloser {
	if !s.terminal {
		return unclosed{s.Writer}
	}
	return &escaper{to: s.Writer}
}

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// escaper escapes what is written through it. The bytes of a character may come in several pieces.
type escaper struct {
	to   io.Writer
	left []byte
}

func (e *escaper) Write(p []byte) (int, error) {
	text := append(e.left, p...)
	end := len(text)
	// A line end of two bytes, and a character, may be cut.
	for i := 1; i <= min(utf8.UTFMax-1, len(text)); i++ {
		if b := text[len(text)-i]; utf8.RuneStart(b) {
			if !utf8.FullRune(text[len(text)-i:]) || b == '\r' && i == 1 {
				end -= i
			}
			break
		}
	}
	e.left = append([]byte(nil), text[end:]...)
	return len(p), e.flush(string(text[:end]))
}

// Close implements [io.Closer].
func (e *escaper) Close() error {
	left := string(e.left)
	e.left = nil
	return e.flush(left)
}

func (e *escaper) flush(text string) error {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, end := strings.TrimSuffix(line, "\n"), ""
		if len(body) < len(line) {
			body, end = strings.TrimSuffix(body, "\r"), "\n"
		}
		for i, cell := range strings.Split(body, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(escape(cell))
		}
		b.WriteString(end)
	}
	_, err := io.WriteString(e.to, b.String())
	return err
}

// grouped writes a number with commas between groups of three digits.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
