package codec

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"
)

// Format is one file format. Its methods set limits, turn panics into errors, check the names of
// columns and give columns the types that are asked for, so that a [Driver] need not.
type Format struct {
	// Name is the value of the format parameter, for instance "csv".
	Name string
	// MediaTypes are the media types without parameters; the first is the one that is sent.
	MediaTypes []string
	// Extensions are lower-case file extensions with their dot.
	Extensions []string
	// Input is what errors call an input, for instance "the Parquet file".
	Input string
	// Reading and Writing are the parameters that the format takes, beside those that all take.
	Reading, Writing Params
	// Retype gives the columns of a table the types in opt.DTypes. Nil means that Driver does so
	// while it reads.
	Retype func(t *Table, opt ReadOptions) (*Table, error)
	// Driver reads and writes the format.
	Driver Driver
}

// Driver is what a format implements.
//
// Decode is called with limits set. It must take the memory that it allocates from mem, and it may
// panic where a library panics. It must keep no reference to data.
type Driver interface {
	// Sniff reports whether data, the whole input or its beginning, looks like this format.
	Sniff(data []byte) bool
	// Decode reads a whole input.
	Decode(data []byte, opt ReadOptions, mem *Budget) (*Table, error)
	// Encode writes a table. It holds no more than two row groups in memory, unless the format needs
	// more of the table first: it then says what, and bounds it.
	Encode(w io.Writer, src Source, opt WriteOptions) error
}

// Opener is a [Driver] that can read an input row group by row group.
type Opener interface {
	// Open reads what comes before the row groups. The stream refers to data until its end, its row
	// groups do not. The input claims to have so many rows.
	Open(data []byte, opt ReadOptions, mem *Budget) (stream Stream, rows int64, err error)
}

// Stream is an input that is read row group by row group. Next must give back the memory of the row
// group before, unless Keep was called after it.
type Stream interface {
	RowGroups
	// Keep says that the row group that Next returned last stays in memory.
	Keep()
	// Receipt says how the input was understood. It is complete when the last row group has been read.
	Receipt() Receipt
}

// Sniff reports whether data, the whole input or its beginning, looks like this format.
func (f *Format) Sniff(data []byte) bool { return f.Driver.Sniff(data) }

// Decode reads a whole input. It keeps no reference to data.
func (f *Format) Decode(data []byte, opt ReadOptions) (t *Table, err error) {
	defer Guard(&err, ErrMalformed, f.Input)
	opt.Limits = opt.Limits.WithDefaults()
	if err := f.Reading.check(f, opt.Options); err != nil {
		return nil, err
	}
	if t, err = f.Driver.Decode(data, opt, opt.budget()); err != nil {
		return nil, err
	}
	if err := CheckNames(t.Schema); err != nil {
		return nil, err
	}
	t.Receipt.Compression = opt.Compression
	return f.retype(t, opt)
}

func (f *Format) retype(t *Table, opt ReadOptions) (*Table, error) {
	if f.Retype == nil || len(opt.DTypes)+len(opt.Into) == 0 {
		return t, nil
	}
	return f.Retype(t, opt)
}

// Encode writes a table, row group by row group.
func (f *Format) Encode(w io.Writer, src Source, opt WriteOptions) error {
	if err := f.Writing.check(f, opt.Options); err != nil {
		return err
	}
	return f.Driver.Encode(w, src, opt)
}

// Streams reports whether inputs can be opened with [Format.Open].
func (f *Format) Streams() bool {
	_, ok := f.Driver.(Opener)
	return ok
}

// Open begins to read an input row group by row group. It must not be called unless the format
// [Format.Streams]. The input must not change until its end.
func (f *Format) Open(data []byte, opt ReadOptions) (in *Reader, err error) {
	defer Guard(&err, ErrMalformed, f.Input)
	opt.Limits = opt.Limits.WithDefaults()
	if err := f.Reading.check(f, opt.Options); err != nil {
		return nil, err
	}
	stream, rows, err := f.Driver.(Opener).Open(data, opt, opt.budget())
	if err == nil {
		err = CheckNames(stream.Schema())
	}
	if err != nil {
		return nil, err
	}
	return &Reader{Rows: rows, format: f, opt: opt, stream: stream}, nil
}

// Reader reads an input of a [Format] row group by row group, so that the table is never in memory as
// a whole, or what is left of it as a whole.
type Reader struct {
	// Rows is how many rows the input claims to have.
	Rows   int64
	format *Format
	opt    ReadOptions
	stream Stream
}

// Schema implements [RowGroups]. The types are those of the input; only [Reader.Table] applies
// ReadOptions.DTypes.
func (r *Reader) Schema() *arrow.Schema { return r.stream.Schema() }

// Receipt says how the input was understood. It is complete when the last row group has been read.
func (r *Reader) Receipt() Receipt {
	receipt := r.stream.Receipt()
	receipt.Compression = r.opt.Compression
	return receipt
}

// Next implements [RowGroups].
func (r *Reader) Next() (group arrow.Record, err error) {
	defer Guard(&err, ErrMalformed, r.format.Input)
	return r.stream.Next()
}

// Table reads the row groups that are left.
func (r *Reader) Table() (t *Table, err error) {
	defer Guard(&err, ErrMalformed, r.format.Input)
	if t, err = ReadAll(r.stream); err != nil {
		return nil, err
	}
	t.Receipt.Compression = r.opt.Compression
	return r.format.retype(t, r.opt)
}

// ReadAll reads the row groups that are left of s, and keeps them.
func ReadAll(s Stream) (*Table, error) {
	t := &Table{Schema: s.Schema()}
	for {
		group, err := s.Next()
		if err != nil {
			return nil, err
		}
		if group == nil {
			t.Receipt = s.Receipt()
			return t, nil
		}
		s.Keep()
		t.RowGroups = append(t.RowGroups, group)
	}
}
