package scalar

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// ErrTimeFormat is the cause of errors about formats of dates and times.
var ErrTimeFormat = errors.New("invalid format of dates")

// TimeFormat reads dates and times in a format that somebody names: with the directives of strftime that
// pandas.to_datetime(format=…) takes, or as a number of seconds, milliseconds, microseconds or
// nanoseconds since 1970-01-01T00:00:00Z. It reads the texts that pandas reads, except that numbers
// without anything between them need all their digits: %d%m%Y does not read 1022020.
type TimeFormat struct {
	spec  string
	to    timeReader
	items []formatItem
	// perSecond is the unit of an epoch, 0 for other formats.
	perSecond int64
}

// formatItem is a directive or a literal of a format.
type formatItem struct {
	// directive is the letter of a directive, ' ' for blanks and 0 for a literal.
	directive byte
	literal   string
	// exact says that a number needs all its digits.
	exact bool
	// at is the position in the format, counted from 1.
	at int
}

const acceptedDirectives = "%Y, %y, %m, %b, %B, %d, %j, %H, %I, %p, %M, %S, %f, %z, %% and literal text, or %s, epoch[s], epoch[ms], epoch[us] or epoch[ns] alone"

// numberWidths are the numbers of digits of the numeric directives.
var numberWidths = map[byte]int{'Y': 4, 'y': 2, 'm': 2, 'd': 2, 'j': 3, 'H': 2, 'I': 2, 'M': 2, 'S': 2, 'f': 9}

// ParseTimeFormat reads a format for values of a type of dates, times of day or timestamps. Its errors
// name the position in the format, counted from 1, and are [ErrTimeFormat].
func ParseTimeFormat(spec string, dt arrow.DataType) (*TimeFormat, error) {
	const most = 200
	to, ok := newTimeReader(dt)
	f := &TimeFormat{spec: spec, to: to}
	switch {
	case !ok || to.id == arrow.DURATION:
		return nil, f.fail("is for %s; formats are for dates, times of day and timestamps", DType(dt))
	case len(spec) > most:
		return nil, f.fail("has %d bytes; at most %d are accepted", len(spec), most)
	case spec == "%s":
		spec = "epoch[s]"
	}
	if unit, ok := strings.CutPrefix(spec, "epoch["); ok {
		unit, closed := strings.CutSuffix(unit, "]")
		of, known := timeUnits[unit]
		if !closed || !known || to.isClock() {
			return nil, f.fail("is not accepted for %s; an epoch is epoch[s], epoch[ms], epoch[us] or epoch[ns], of dates and timestamps", DType(dt))
		}
		f.perSecond = TicksPerSecond(of)
		return f, nil
	}
	if err := f.cut(spec); err != nil {
		return nil, err
	}
	return f, f.check(dt)
}

// fail returns an error about the format.
func (f *TimeFormat) fail(format string, args ...any) error {
	return &codec.Error{Kind: codec.ErrUnsupported, Err: ErrTimeFormat, Detail: fmt.Sprintf("the format %s %s", codec.Quoted(codec.Shorten(f.spec)), fmt.Sprintf(format, args...))}
}

// cut divides a format into its items.
func (f *TimeFormat) cut(spec string) error {
	for at := 0; at < len(spec); {
		item := formatItem{at: at + 1}
		switch c := spec[at]; {
		case c == '%':
			if at+1 == len(spec) {
				return f.fail("ends with %%; write %%%% for the character itself")
			}
			item.directive = spec[at+1]
			at += 2
			if item.directive == '%' {
				item = formatItem{literal: "%", at: item.at}
			} else if !strings.Contains("YymbBdjHIpMSfz", string(item.directive)) {
				return f.fail("has %%%c at position %d, which is not accepted; accepted are %s", item.directive, item.at, acceptedDirectives)
			}
		case isBlank(c):
			n := len(spec[at:]) - len(strings.TrimLeft(spec[at:], " \t"))
			item.directive, item.literal = ' ', spec[at:at+n]
			at += n
		default:
			n := strings.IndexAny(spec[at:], "% \t")
			if n < 0 {
				n = len(spec) - at
			}
			item.literal = spec[at : at+n]
			at += n
		}
		f.items = append(f.items, item)
	}
	for i := range f.items {
		f.items[i].exact = i+1 < len(f.items) && f.items[i+1].beginsWithDigit()
	}
	return nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func (i formatItem) beginsWithDigit() bool {
	return numberWidths[i.directive] > 0 || i.literal != "" && isDigit(i.literal[0])
}

// has reports whether the format has one of some directives.
func (f *TimeFormat) has(directives string) bool {
	for _, item := range f.items {
		if item.directive > ' ' && strings.IndexByte(directives, item.directive) >= 0 {
			return true
		}
	}
	return false
}

// exclusive are the directives of which a format may have one.
var exclusive = []string{"Yy", "mbBj", "dj", "HI", "p", "M", "S", "f", "z"}

// check returns an error if the directives do not make a value of the type.
func (f *TimeFormat) check(dt arrow.DataType) error {
	for _, group := range exclusive {
		first := 0
		for _, item := range f.items {
			if item.directive <= ' ' || strings.IndexByte(group, item.directive) < 0 {
				continue
			}
			if first > 0 {
				return f.fail("has %%%c at position %d, but position %d says the same", item.directive, item.at, first)
			}
			first = item.at
		}
	}
	date, clock := f.has("YymbBdj"), f.has("HIpMSf")
	switch {
	case f.to.isClock() && (date || f.has("z")):
		return f.fail("has more than a time of day, which is all that %s keeps", DType(dt))
	case f.to.isClock() && !clock:
		return f.fail("has no time of day")
	case f.to.isClock():
	case dt.ID() == arrow.TIMESTAMP && !strings.Contains(f.spec, "%"):
		return f.fail("has no directives; a time zone is written tz=%s", codec.Shorten(f.spec))
	case !f.has("Yy"):
		return f.fail("has no year; give %%Y or %%y")
	case f.has("d") && !f.has("mbB"):
		return f.fail("has a day without a month; give %%m, %%b or %%B")
	case f.has("z") && !f.to.zoned:
		return f.fail("has a time zone, which %s does not; give timestamp[unit, tz=UTC, format]", DType(dt))
	case f.to.zoned && clock && !f.has("z"):
		return f.fail("has a time of day without %%z, which %s needs", DType(dt))
	}
	if f.has("I") != f.has("p") {
		return f.fail("has %%I or %%p without the other")
	}
	return nil
}

// AppendFormatted appends the value that a text spells in a format. The builder must be one for the type
// for which the format was read.
func (b *Builder) AppendFormatted(text []byte, f *TimeFormat) Fit {
	m, ok := b.maker.(*timeMaker)
	if !ok {
		return NoFit
	}
	tick, fit := f.read(text)
	if fit != NoFit && !m.tick(tick) {
		return NoFit
	}
	return fit
}

// CastFormatted is [CastOf] for values that a text spells in a format. Numbers are read by their digits.
func CastFormatted(from arrow.DataType, f *TimeFormat) Caster {
	switch {
	case IsText(from) || isNumeric(from):
	case from.ID() == arrow.NULL, isTicking(ValueType(from)):
		return castSame
	default:
		return nil
	}
	return func(b *Builder, arr arrow.Array) func(row int) Fit {
		return spelledBy(Text(arr), func(text []byte) Fit {
			if arrow.IsFloating(ValueType(from).ID()) {
				text = withoutZeros(text)
			}
			return b.AppendFormatted(text, f)
		})
	}
}

// withoutZeros returns the spelling of a float without the fraction that [AppendFloat] gives to whole ones.
func withoutZeros(text []byte) []byte {
	if n := len(text) - len(".0"); n > 0 && string(text[n:]) == ".0" {
		return text[:n]
	}
	return text
}
