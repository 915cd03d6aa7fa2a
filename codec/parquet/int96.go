package parquet

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
)

// instant is a timestamp of type INT96: seconds since 1970 and nanoseconds, less than one second.
type instant struct{ seconds, nanos int64 }

// julianEpoch is the Julian day of 1970-01-01.
const julianEpoch = 2_440_588

// readInstant reads the nanosecond of the day and the Julian day.
func readInstant(value []byte) instant {
	nanos := int64(binary.LittleEndian.Uint64(value))
	days := int64(int32(binary.LittleEndian.Uint32(value[8:]))) - julianEpoch
	t := instant{days*86_400 + nanos/1_000_000_000, nanos % 1_000_000_000}
	if t.nanos < 0 {
		t.seconds--
		t.nanos += 1_000_000_000
	}
	return t
}

// in returns t in units of which a second has perSecond, rounded down. It saturates, and then ok is false.
func (t instant) in(perSecond int64) (n int64, ok bool) {
	part := t.nanos / (1_000_000_000 / perSecond)
	switch first := math.MinInt64/perSecond - 1; {
	case t.seconds > (math.MaxInt64-part)/perSecond:
		return math.MaxInt64, false
	case t.seconds < first, t.seconds == first && part < perSecond+(math.MinInt64-(first+1)*perSecond):
		return math.MinInt64, false
	}
	return t.seconds*perSecond + part, true
}

// beforeJulian is the number of seconds from the beginning of Julian day 0 to 1970.
const beforeJulian = julianEpoch * 86_400

// micros is in for microseconds, with the years from 287564 on as Spark writes them. Spark counts the
// microseconds from the beginning of Julian day 0 in 64 bits, which overflow in these years: the Julian day
// becomes negative, and the time 2^64 microseconds earlier, before all that a timestamp can hold. On reading, an
// overflow in the other direction makes up for it. wrapped says that micros has done so. See toJulianDay and
// fromJulianDay in sql/catalyst/src/main/scala/org/apache/spark/sql/catalyst/util/DateTimeUtils.scala of Spark.
func (t instant) micros() (n int64, wrapped, ok bool) {
	const perSecond = 1_000_000
	if n, ok = t.in(perSecond); ok || n > 0 {
		return n, false, ok
	}
	if _, ok = (instant{t.seconds + beforeJulian, t.nanos}).in(perSecond); ok && t.nanos%1000 == 0 {
		return t.seconds*perSecond + t.nanos/1000, true, true
	}
	return n, false, false
}

func (t instant) text() string {
	return time.Unix(t.seconds, t.nanos).UTC().Format("2006-01-02T15:04:05.999999999")
}

// int96 converts timestamps to the unit of dt, which chooseInt96 has chosen so that all fit.
func (b *builder) int96(dt *arrow.TimestampType, v *vector) ([]byte, error) {
	b.take(8 * int64(v.n))
	out := make([]byte, 0, 8*v.n)
	for i := range v.n {
		// A value of a dictionary that no row has need not fit.
		t := readInstant(v.value(i))
		n, _ := t.in(1_000_000_000)
		if dt.Unit == arrow.Microsecond {
			n, _, _ = t.micros()
		}
		out = binary.LittleEndian.AppendUint64(out, uint64(n))
	}
	return out, nil
}

// spread says which instants a column has: some that nanoseconds cannot hold, some that microseconds cannot
// hold, some that are not whole microseconds, and some that Spark has written with a negative Julian day.
type spread struct{ beyondNanos, beyondMicros, subMicros, wrapped bool }

func (s *spread) add(v *vector) {
	for i := range v.n {
		t := readInstant(v.value(i))
		if _, ok := t.in(1_000_000_000); !ok {
			s.beyondNanos = true
			_, wrapped, ok := t.micros()
			s.beyondMicros = s.beyondMicros || !ok
			s.wrapped = s.wrapped || wrapped
		}
		s.subMicros = s.subMicros || t.nanos%1000 != 0
	}
}

// chooseInt96 gives the columns of type INT96 the unit of time that holds their values: nanoseconds or, if
// these do not reach, microseconds. It has to read them once for that. Nanoseconds that a column of
// microseconds cannot keep count as changed.
func (s *stream) chooseInt96(strict bool) error {
	for i, n := range s.nodes {
		for k, c := range s.columns[n.first : n.first+n.leaves] {
			if c.node.physical != format.Int96 {
				continue
			}
			all, err := s.spreadOf(c, n.first+k)
			if err != nil {
				return columnError(n.name, err)
			}
			if !all.beyondNanos {
				continue
			}
			c.node.dt = &arrow.TimestampType{Unit: arrow.Microsecond}
			n.resetTypes()
			if all.beyondMicros || all.subMicros || all.wrapped {
				if err := s.checkMicros(c, n.first+k, i, strict); err != nil {
					return columnError(n.name, err)
				}
			}
		}
	}
	return nil
}

// resetTypes sets the types of n and its children anew, after that of a leaf has changed.
func (n *node) resetTypes() {
	for _, child := range n.children {
		child.resetTypes()
	}
	if n.kind != kindLeaf {
		n.dt = n.plainType()
	}
}

// spreadOf reads the values of a leaf column, number leaf.
func (s *stream) spreadOf(c *column, leaf int) (all spread, err error) {
	var seen *vector
	err = s.scan(c, leaf, true, func(rows *leafRows, _ int64) error {
		if v := &rows.values; v.dict == nil {
			all.add(v)
		} else if v.dict != seen {
			// Values that no row has do no harm here.
			all.add(v.dict)
			seen = v.dict
		}
		return nil
	})
	return all, err
}

// checkMicros returns an error if the rows of a leaf column have a value that microseconds cannot hold, and
// counts those that are not whole microseconds for the column of the table. A note says if Spark has written
// some with a negative Julian day.
func (s *stream) checkMicros(c *column, leaf, column int, strict bool) error {
	noted := false
	return s.scan(c, leaf, false, func(rows *leafRows, first int64) error {
		row, at := first-1, 0
		for i := range rows.n {
			rep, def := rows.levels(i)
			if rep == 0 {
				row++
			}
			if def < c.node.def {
				continue
			}
			t := readInstant(rows.values.value(at))
			at++
			_, wrapped, ok := t.micros()
			if !ok {
				return codec.Errorf(codec.ErrMismatch, "column %q of the Parquet file has in row %d, counted from 0, a timestamp (INT96) of second %d since 1970, which is more than timestamp[us] can hold; the years -290307 to 294246 are accepted", codec.Shorten(c.node.column), row, t.seconds)
			}
			if wrapped && !noted {
				noted = true
				s.receipt.Notes = codec.AddNote(s.receipt.Notes, "column %q: timestamps (INT96) with a negative Julian day are read as Spark writes them, as those after the year 287563; the first is in row %d, counted from 0", codec.Shorten(c.node.column), row)
			}
			if t.nanos%1000 == 0 {
				continue
			}
			after := instant{t.seconds, t.nanos - t.nanos%1000}
			if strict {
				return codec.Errorf(codec.ErrMalformed, "column %q of the Parquet file has in row %d, counted from 0, the timestamp %s, and others that nanoseconds cannot hold: timestamp[us] keeps %s, which strict=true refuses; whole microseconds are accepted", codec.Shorten(c.node.column), row, t.text(), after.text())
			}
			s.change(column, codec.Sample{Kind: codec.Coerced, Line: row + 1, Before: t.text(), After: after.text()})
		}
		return nil
	})
}

// change counts a changed cell.
func (s *stream) change(column int, sample codec.Sample) {
	if s.receipt.Changed == nil {
		s.receipt.Changed = make([]int64, len(s.nodes))
		s.receipt.Samples = make([][]codec.Sample, len(s.nodes))
	}
	s.receipt.Changed[column]++
	s.receipt.Samples[column] = codec.AddSample(s.receipt.Samples[column], sample)
}

// scan calls use with the rows of a leaf column and the number of rows before them, some at a time. With
// indices, values of a dictionary can stay indices.
func (s *stream) scan(c *column, leaf int, indices bool, use func(rows *leafRows, first int64) error) error {
	counted := c.unpacked
	defer func() { c.unpacked = counted }()
	c.unpacked = codec.NewBudget(counted.Limit())
	mem, first := s.budget.Sub(), int64(0)
	defer mem.ReleaseAll()
	for i := range s.groups {
		g := &s.groups[i]
		if g.NumRows == 0 {
			continue
		}
		if err := c.open(s.file, &g.Columns[leaf], g.NumRows); err != nil {
			return err
		}
		for left := g.NumRows; left > 0; {
			n := min(left, codec.RowGroupRows)
			rows, err := c.read(int(n), indices, mem.Take)
			if err == nil {
				err = use(rows, first)
			}
			if err != nil {
				return err
			}
			mem.ReleaseAll()
			first += n
			left -= n
		}
	}
	c.held.ReleaseAll()
	c.dictionary.ReleaseAll()
	c.dict, c.page, c.pages, c.left = nil, page{}, nil, 0
	return nil
}
