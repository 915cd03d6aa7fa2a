package codec

// Receipt says how a file was understood. Fields that do not apply to its format are zero.
type Receipt struct {
	// Compression is what the file was unpacked from: "gzip", "zstd" or "zip".
	Compression string
	// Encoding is the character encoding of text, by its name in the WHATWG Encoding standard.
	Encoding string
	// Confidence is how sure the detection of Encoding is, in percent. It is zero unless the encoding was
	// guessed.
	Confidence int
	// Delimiter separates the fields of delimited text, and Quote encloses them. Quote is zero if quotes
	// mean nothing.
	Delimiter, Quote byte
	// Header says where the names of the columns come from.
	Header Header
	// Renamed are the columns that have other names than in the file, in order.
	Renamed []Renamed
	// Changed has for each column the number of cells that would be written back with another
	// spelling, which strict reading rejects. Nil means zero for all columns.
	Changed []int64
	// Samples has for each column the first of its changed cells, at most [MaxSamples] of each kind. Nil
	// means none for all columns.
	Samples [][]Sample
	// Sheets are the sheets of a workbook that make up the table, in order.
	Sheets []SheetReceipt
	// Notes are sentences about what the table cannot express.
	Notes []string
}

// Header says where the names of the columns come from.
type Header struct {
	Source HeaderSource
	// Line is the line, or the row of a sheet, that has the names, counted from 1. It is zero for
	// [HeaderAbsent].
	Line int
}

// HeaderSource is why a line is taken as the header.
type HeaderSource string

// The reasons. The zero value means that the format always says which names columns have.
const (
	// HeaderGiven: a parameter says so.
	HeaderGiven HeaderSource = "given"
	// HeaderFound: the line looks like a header.
	HeaderFound HeaderSource = "found"
	// HeaderAssumed: the first line is taken, although it looks like data.
	HeaderAssumed HeaderSource = "assumed"
	// HeaderAbsent: a parameter says that there is none.
	HeaderAbsent HeaderSource = "absent"
)

// Renamed is a column whose name in the file was empty or taken.
type Renamed struct {
	// Column is its position, Name its name in the table and From what the file has.
	Column     int
	Name, From string
}

// SampleKind is how a cell changed.
type SampleKind string

// The kinds of changes.
const (
	// Respelled: the value is kept, its spelling is not.
	Respelled SampleKind = "respelled"
	// ToMissing: a spelling of no value became a missing value.
	ToMissing SampleKind = "to_missing"
	// Coerced: the type of the column cannot keep the whole value.
	Coerced SampleKind = "coerced"
)

// MaxSamples is how many changed cells of each kind a receipt shows of a column.
const MaxSamples = 3

// maxSampleBytes is the length of the longest spelling in a sample, in bytes.
const maxSampleBytes = 100

// Sample is a changed cell.
type Sample struct {
	Kind SampleKind
	// Line is the line of the text, the row of the sheet or the number of the record, counted from 1.
	Line int64
	// Before is the spelling in the file, After the one in the table; it is empty for a missing value.
	Before, After string
}

// AddSample appends a sample to those of one column, unless there are enough of its kind. Long spellings
// are shortened.
func AddSample(samples []Sample, s Sample) []Sample {
	if CountSamples(samples, s.Kind) >= MaxSamples {
		return samples
	}
	s.Before, s.After = cutSample(s.Before), cutSample(s.After)
	return append(samples, s)
}

// CountSamples is the number of samples of a kind.
func CountSamples(samples []Sample, kind SampleKind) (n int) {
	for _, s := range samples {
		if s.Kind == kind {
			n++
		}
	}
	return n
}

// SheetReceipt says what one sheet contributed to a table.
type SheetReceipt struct {
	Name string
	Rows int64
	// HeaderRows are the rows of the sheet that have the names of the columns, counted from 1.
	HeaderRows []int
	// Absent are the columns of the table that the sheet does not have. Its rows have missing values
	// there.
	Absent []string
}
