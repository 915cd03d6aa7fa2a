package xlsx

import (
	"bytes"
	"math"
	"strconv"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// number stores a cell with a number. Its digits are what counts: no number goes through a float64 that
// does not keep them.
func (p *sheetParser) number() error {
	text := bytes.TrimSpace(p.value)
	if len(text) == 0 {
		return nil
	}
	if p.style >= 0 && p.style < len(p.sheet.book.styles) && p.sheet.book.styles[p.style] != showsNumber {
		if v, err := strconv.ParseFloat(string(text), 64); err == nil && !math.IsNaN(v) {
			if kind := kindShown(v, p.sheet.book.styles[p.style]); kind != kindNumber {
				return p.sheet.put(p.row, p.column, kind, math.Float64bits(v))
			}
		}
	}
	if v, ok := scalar.ParseInt(text); ok {
		return p.sheet.put(p.row, p.column, kindInteger, uint64(v))
	}
	if v, fit := scalar.ParseFloat(text); fit != scalar.NoFit && !math.IsInf(v, 0) && !math.IsNaN(v) {
		return p.float(v)
	}
	return p.oddNumber(text)
}

// oddNumber stores a number that is spelled as few programs do, or has too many digits.
func (p *sheetParser) oddNumber(text []byte) error {
	n, ok := scalar.ScanNumber(text)
	if !ok {
		return p.notNumber(text)
	}
	plain := n.AppendJSON(nil)
	if v, ok := scalar.ParseInt(plain); ok {
		return p.sheet.put(p.row, p.column, kindInteger, uint64(v))
	}
	v, err := strconv.ParseFloat(string(plain), 64)
	if err != nil {
		return p.notNumber(text)
	}
	if scalar.KeepsDigits(plain) {
		return p.float(v)
	}
	return p.sheet.addText(p.row, p.column, kindDigits, plain)
}

func (p *sheetParser) notNumber(text []byte) error {
	return p.sheet.malformed("has %s in cell %s, which is not a number", codec.QuotedBytes(text), cellRef(p.row, p.column))
}

// float stores a number whose digits a float64 keeps.
func (p *sheetParser) float(v float64) error {
	const most = 1 << 53
	if v == math.Trunc(v) && math.Abs(v) <= most && math.Float64bits(v) != 1<<63 {
		return p.sheet.put(p.row, p.column, kindInteger, uint64(int64(v)))
	}
	return p.sheet.put(p.row, p.column, kindNumber, math.Float64bits(v))
}

// endSerial is the day after 9999-12-31, the last date that a cell can display.
const endSerial = 2958466

// kindShown is the kind of a number with a number format.
func kindShown(v float64, shows shows) kind {
	switch {
	case v < 0 || v >= endSerial:
		return kindNumber
	case shows == showsDate, shows == showsTime && v >= 1:
		return kindDate
	case shows == showsTime:
		return kindTime
	case shows == showsElapsed:
		return kindElapsed
	}
	return kindNumber
}

// isoDate reads a cell of type d: a date in ISO 8601, with or without a time of day. Cells have no
// time zone, so a Z is dropped.
func (p *sheetParser) isoDate() error {
	const firstDay, lastDay = -719_528, 2_932_896 // 0000-01-01 and 9999-12-31
	t, ok := scalar.ParseTime(bytes.TrimSpace(p.value))
	sec, nanos := t.Unix()
	if !ok || t.Zone() == scalar.OffsetZone || sec < firstDay*scalar.SecondsPerDay || sec >= (lastDay+1)*scalar.SecondsPerDay {
		return p.sheet.addText(p.row, p.column, kindText, unescapeXLSX(p.value))
	}
	days := float64(sec)/scalar.SecondsPerDay + float64(nanos)/(1e9*scalar.SecondsPerDay)
	return p.sheet.put(p.row, p.column, kindDate, math.Float64bits(days+p.sheet.book.serialOfEpoch()))
}

// serialOfEpoch is the serial number of 1970-01-01.
func (w *workbook) serialOfEpoch() float64 {
	if w.since1904 {
		return 24107
	}
	return 25569
}
