package xlsx

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// workbook is the data that the sheets of a workbook share.
type workbook struct {
	pkg    *zipPackage
	mem    *codec.Budget
	opt    codec.ReadOptions
	own    Options
	nulls  *scalar.NullSet
	sheets []sheetRef
	// since1904 is true if dates count from 1904 instead of 1900.
	since1904 bool
	// styles has for each cell style what its number format displays.
	styles []shows
	// texts are the shared strings and the strings in cells.
	texts texts
}

// sheetRef is the name of a worksheet and its part.
type sheetRef struct {
	name, part string
	// hidden says that programs do not show the sheet.
	hidden bool
}

// shows is how a number format displays a number.
type shows uint8

const (
	showsNumber  shows = iota
	showsDate          // with or without a time of day
	showsTime          // a time of day
	showsElapsed       // hours, minutes or seconds that may be more than a day
)

func openXLSX(data []byte, opt codec.ReadOptions, own Options, mem *codec.Budget) (*workbook, error) {
	pkg, err := openXLSXPackage(data, opt.Limits)
	if err != nil {
		return nil, err
	}
	w := &workbook{pkg: pkg, mem: mem, opt: opt, own: own}
	if own.NullValues != nil {
		w.nulls = scalar.NewNullSet(own.NullValues)
	}
	part := "xl/workbook.xml"
	roots, err := pkg.relations("")
	if err != nil {
		return nil, err
	}
	for _, r := range roots {
		if r.kind == "officeDocument" {
			part = r.target
		}
	}
	relations, err := pkg.relations(part)
	if err != nil {
		return nil, err
	}
	if err := w.readSheetList(part, relations); err != nil {
		return nil, err
	}
	for _, r := range relations {
		switch r.kind {
		case "styles":
			_, err = pkg.read(r.target, w.readStyles)
		case "sharedStrings":
			_, err = pkg.read(r.target, w.readSharedStrings)
		}
		if err != nil {
			return nil, err
		}
	}
	return w, nil
}

// readSheetList reads the list of sheets. It keeps worksheets; others, such as charts, have no cells.
func (w *workbook) readSheetList(part string, relations map[string]relation) error {
	found, err := w.pkg.read(part, func(r *xmlReader) error {
		return r.each(func(e xmlEvent) error {
			switch string(e.start) {
			case "workbookPr":
				v := string(e.attribute("date1904"))
				w.since1904 = v == "1" || v == "true"
			case "sheet":
				name := e.attribute("name")
				if !utf8.Valid(name) {
					return codec.Errorf(codec.ErrMalformed, "the workbook has a sheet whose name is not UTF-8 text")
				}
				id := r.spaces.reference(e)
				if id == nil {
					return codec.Errorf(codec.ErrMalformed, "the workbook has a sheet %s that refers to no part", codec.QuotedBytes(name))
				}
				if to := relations[string(id)]; to.kind == "worksheet" {
					state := string(e.attribute("state"))
					w.sheets = append(w.sheets, sheetRef{string(name), to.target, state == "hidden" || state == "veryHidden"})
				}
			}
			return nil
		})
	})
	if err == nil && !found {
		return codec.Errorf(codec.ErrMalformed, "the file is not a workbook: it has no part %s", codec.Quoted(part))
	}
	return err
}

// readStyles reads what the number formats of the cell styles display.
func (w *workbook) readStyles(r *xmlReader) error {
	formats := map[string]shows{}
	// within is the list that is open. Differential styles have formats of their own, with the same ids.
	within := ""
	return r.each(func(e xmlEvent) error {
		switch start := string(e.start); {
		case start == "numFmts", start == "cellXfs":
			within = start
		case len(e.end) > 0 && string(e.end) == within:
			within = ""
		case within == "numFmts" && start == "numFmt":
			formats[string(e.attribute("numFmtId"))] = formatShows(string(e.attribute("formatCode")))
		case within == "cellXfs" && start == "xf":
			id := string(e.attribute("numFmtId"))
			shows, ok := formats[id]
			if !ok {
				shows = builtinShows(id)
			}
			w.mem.Take(1)
			w.styles = append(w.styles, shows)
		}
		return nil
	})
}

// builtinShows is what the built-in number formats display, including those of East Asian languages
// (ECMA-376, part 1, 18.8.30).
func builtinShows(id string) shows {
	n, _ := strconv.Atoi(id)
	switch {
	case 14 <= n && n <= 17, n == 22, 27 <= n && n <= 31, n == 36, 50 <= n && n <= 54, 57 <= n && n <= 58:
		return showsDate
	case 18 <= n && n <= 21, 32 <= n && n <= 35, n == 45, n == 47, 55 <= n && n <= 56:
		return showsTime
	case n == 46:
		return showsElapsed
	}
	return showsNumber
}

// formatShows is what a format code displays, which its letters for dates and times tell. Quoted,
// escaped and bracketed parts do not count. An m is a month unless there are hours or seconds.
func formatShows(code string) shows {
	code, _, _ = strings.Cut(code, ";")
	date, clock, month := false, false, false
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '"':
			if end := strings.IndexByte(code[i+1:], '"'); end >= 0 {
				i += end + 1
			}
		case '\\', '_', '*':
			i++
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return showsNumber
			}
			if inside := strings.ToLower(code[i+1 : i+end]); inside != "" && strings.Trim(inside, "hms") == "" {
				return showsElapsed
			}
			i += end
		case 'y', 'Y', 'd', 'D', 'g', 'e', 'b':
			date = true
		case 'h', 'H', 's', 'S':
			clock = true
		case 'm', 'M':
			month = true
		case 'G', 'E':
			// General, and the exponent of 0.00E+00.
			if strings.HasPrefix(strings.ToLower(code[i:]), "general") {
				i += len("general") - 1
			}
		}
	}
	switch {
	case date, month && !clock:
		return showsDate
	case clock:
		return showsTime
	}
	return showsNumber
}

// texts is a list of texts.
type texts struct {
	bytes []byte
	ends  []uint32
}

const textBytes = 4

// maxTextsBytes keeps the offsets of a column of text within an int32.
const maxTextsBytes = math.MaxInt32

// add appends a text and returns its index.
func (t *texts) add(mem *codec.Budget, text []byte) (index int, err error) {
	if len(t.bytes)+len(text) > maxTextsBytes {
		return 0, codec.Errorf(codec.ErrTooLarge, "the texts of the workbook take more than %d bytes", maxTextsBytes)
	}
	mem.Take(int64(len(text)) + textBytes)
	t.bytes = append(t.bytes, text...)
	t.ends = append(t.ends, uint32(len(t.bytes)))
	return len(t.ends) - 1, nil
}

func (t *texts) get(index int) []byte {
	start := uint32(0)
	if index > 0 {
		start = t.ends[index-1]
	}
	return t.bytes[start:t.ends[index]]
}

// readSharedStrings reads the texts to which cells refer by number. A text can consist of runs in
// different fonts. Phonetic hints are not part of it.
func (w *workbook) readSharedStrings(r *xmlReader) error {
	var text richText
	return r.each(func(e xmlEvent) error {
		if string(e.start) == "si" {
			text.reset()
		}
		if string(e.end) == "si" {
			_, err := w.texts.add(w.mem, text.value())
			return err
		}
		text.handle(e)
		return nil
	})
}

// richText collects the text of the elements t, except within rPh.
type richText struct {
	text             []byte
	within, phonetic bool
}

func (t *richText) reset() { *t = richText{text: t.text[:0]} }

func (t *richText) handle(e xmlEvent) {
	switch {
	case string(e.start) == "t":
		t.within = true
	case string(e.end) == "t":
		t.within = false
	case string(e.start) == "rPh":
		t.phonetic = true
	case string(e.end) == "rPh":
		t.phonetic = false
	case t.within && !t.phonetic:
		t.text = append(t.text, e.text...)
	}
}

// value is the text, with escapes such as _x000D_ replaced.
func (t *richText) value() []byte { return unescapeXLSX(t.text) }

// unescapeXLSX replaces _xHHHH_, the escape for characters that XML does not allow, by the character
// (ECMA-376, part 1, 22.9.2.19).
func unescapeXLSX(text []byte) []byte {
	const length = len("_x0000_")
	var out []byte
	done := 0
	for at := bytes.Index(text, []byte("_x")); at >= 0 && at+length <= len(text); {
		code, err := strconv.ParseUint(string(text[at+2:at+6]), 16, 16)
		step := 2
		if err == nil && text[at+6] == '_' && (code < 0xd800 || code >= 0xe000) {
			out = utf8.AppendRune(append(out, text[done:at]...), rune(code))
			step = length
			done = at + length
		}
		next := bytes.Index(text[at+step:], []byte("_x"))
		if next < 0 {
			break
		}
		at += step + next
	}
	if done == 0 {
		return text
	}
	return append(out, text[done:]...)
}
