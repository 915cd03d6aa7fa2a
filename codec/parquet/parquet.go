package parquet

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/scalar"
	"edgeframe/internal/parallel"
)

// Format is Apache Parquet (https://parquet.apache.org/docs/file-format/). Of the library parquet-go only
// the part that reads and writes the metadata is used. Its readers of values, like those of
// arrow-go, allocate what a file claims, and they would double the size of the Worker.
//
// A row group of the file becomes row groups of the table: one, or as many as it takes if it has
// more than [codec.RowGroupRows] rows. The types are those of Parquet, with UUID as
// fixed_size_binary[16] and INTERVAL as month_day_nano_interval. If the file has the schema of the
// Arrow table that it was written from, its types are used wherever the values can have them.
var Format = &codec.Format{
	Name:       "parquet",
	MediaTypes: []string{"application/vnd.apache.parquet"},
	Extensions: []string{".parquet"},
	Input:      "the Parquet file",
	Retype:     scalar.ApplyDTypes,
	Driver:     driver{},
}

type driver struct{}

// Sniff implements [codec.Driver].
func (driver) Sniff(data []byte) bool { return bytes.HasPrefix(data, magic) }

// Decode implements [codec.Driver].
func (d driver) Decode(data []byte, opt codec.ReadOptions, mem *codec.Budget) (*codec.Table, error) {
	s, _, err := d.Open(data, opt, mem)
	if err != nil {
		return nil, err
	}
	return codec.ReadAll(s)
}

// Encode implements [codec.Driver].
func (driver) Encode(w io.Writer, src codec.Source, _ codec.WriteOptions) error {
	return encodeParquet(w, src)
}

// magic begins and ends a file, encryptedMagic one whose metadata is encrypted.
var (
	magic          = []byte("PAR1")
	encryptedMagic = []byte("PARE")
)

// stream reads a Parquet file row group by row group. It keeps the file, a page of each column and
// one row group in memory. Its limits are those of the whole table.
type stream struct {
	// file is the part of the file before the footer.
	file    []byte
	schema  *arrow.Schema
	nodes   []*node
	columns []*column
	groups  []rowGroup
	rows    int64
	// left is the number of unread rows of the current row group of the file.
	left   int64
	budget *codec.Budget
	// group counts the memory of the row group that was returned last, total that of all.
	group, total *codec.Budget
	// receipt lacks what is only known when the values have been read.
	receipt codec.Receipt
}

// Open implements [codec.Opener]. It reads the footer.
func (driver) Open(data []byte, opt codec.ReadOptions, budget *codec.Budget) (codec.Stream, int64, error) {
	file, footer, err := splitParquet(data)
	if err != nil {
		return nil, 0, err
	}
	s, err := newStream(file, footer, opt, budget)
	if err != nil {
		return nil, 0, err
	}
	return s, s.rows, nil
}

// newStream reads the footer of a file. file is the part before it.
func newStream(file, footer []byte, opt codec.ReadOptions, budget *codec.Budget) (*stream, error) {
	limits := opt.Limits
	s := &stream{file: file, budget: budget, group: budget.Sub(), total: codec.NewBudget(limits.Bytes)}
	var m fileFooter
	if _, err := readThrift(footer, &m, budget.Take); err != nil {
		return nil, codec.Errorf(codec.ErrMalformed, "the footer of the Parquet file cannot be read: %v", err)
	}
	if m.EncryptionAlgorithm.Value != nil {
		return nil, codec.Errorf(codec.ErrUnsupported, "the Parquet file is encrypted")
	}
	tree := schema{limits: limits, elements: m.Schema}
	var err error
	if s.nodes, err = tree.read(); err != nil {
		return nil, err
	}
	s.receipt.Notes = tree.notes
	s.groups = m.RowGroups
	unpacked := codec.NewBudget(3 * limits.Bytes)
	for _, n := range tree.leaves {
		s.columns = append(s.columns, &column{node: n, unpacked: unpacked, held: budget.Sub(), dictionary: budget.Sub()})
	}
	if err := s.checkGroups(m.NumRows); err != nil {
		return nil, err
	}
	if err := s.chooseInt96(opt.Strict); err != nil {
		return nil, err
	}
	s.schema = arrowSchema(s.nodes, arrowHint(m.KeyValueMetadata, limits, budget.Take), m.KeyValueMetadata)
	if err := s.nameColumns(opt.Strict); err != nil {
		return nil, err
	}
	if err := codec.CheckNameLengths(s.schema); err != nil {
		return nil, err
	}
	return s, s.checkTypes(limits)
}

// nameColumns gives columns without a name, or with one that is taken, names of their own.
func (s *stream) nameColumns(strict bool) (err error) {
	s.schema, s.receipt.Renamed, err = arrowipc.NameFields(s.schema, strict)
	return err
}

// splitParquet returns the footer and the part of the file before it.
func splitParquet(data []byte) (file, footer []byte, err error) {
	if bytes.HasPrefix(data, encryptedMagic) {
		return nil, nil, codec.Errorf(codec.ErrUnsupported, "the Parquet file is encrypted")
	}
	tail := len(data) - len(magic) - 4
	if tail < len(magic) || !bytes.HasPrefix(data, magic) || !bytes.HasSuffix(data, magic) {
		return nil, nil, codec.Errorf(codec.ErrMalformed, "the data is not a Parquet file, or it ends early: its footer is missing")
	}
	size := binary.LittleEndian.Uint32(data[tail:])
	if uint64(size) > uint64(tail-len(magic)) {
		return nil, nil, codec.Errorf(codec.ErrMalformed, "the Parquet file is damaged: its footer of %d bytes is larger than the file", size)
	}
	return data[:tail-int(size)], data[tail-int(size) : tail], nil
}

// checkTypes applies the limits on types that other formats apply too.
func (s *stream) checkTypes(limits codec.Limits) error {
	for _, f := range s.schema.Fields() {
		if _, err := codec.CheckType(f.Type); err != nil {
			return codec.Errorf(codec.ErrUnsupported, "column %q: %v", f.Name, err)
		}
		if typeDepth(f.Type) > limits.Depth {
			return codec.Errorf(codec.ErrTooLarge, "a column is nested deeper than %d levels", limits.Depth)
		}
	}
	return nil
}

// typeDepth is the number of types around the innermost one of dt.
func typeDepth(dt arrow.DataType) int {
	depth := 0
	if nested, ok := dt.(arrow.NestedType); ok {
		for _, f := range nested.Fields() {
			depth = max(depth, 1+typeDepth(f.Type))
		}
	}
	return depth
}

func (s *stream) checkGroups(rows int64) error {
	sum := int64(0)
	for i, g := range s.groups {
		if g.NumRows < 0 || len(g.Columns) != len(s.columns) {
			return codec.Errorf(codec.ErrMalformed, "row group %d of the Parquet file has %d rows of %d columns instead of %d", i, g.NumRows, len(g.Columns), len(s.columns))
		}
		sum = codec.AddSizes(sum, g.NumRows)
	}
	s.rows = sum
	if sum != rows {
		s.receipt.Notes = codec.AddNote(s.receipt.Notes, "the footer says that the file has %d rows; its row groups have %d, and all of them are read", rows, sum)
	}
	if limit := s.budget.Limit(); sum > limit {
		return codec.Errorf(codec.ErrTooLarge, "%d rows take more than the %d bytes of memory that a dataframe may take", sum, limit)
	}
	return nil
}

// Schema is the schema of every row group.
func (s *stream) Schema() *arrow.Schema { return s.schema }

// Receipt implements [codec.Stream].
func (s *stream) Receipt() codec.Receipt {
	r := s.receipt
	r.Notes = slices.Clone(r.Notes)
	for _, c := range s.columns {
		if c.node.empty > 0 {
			r.Notes = codec.AddNote(r.Notes, "column %q: decimals of no bytes are read as 0", codec.Shorten(c.node.column))
		}
	}
	return r
}

// Keep implements [codec.Stream].
func (s *stream) Keep() { s.group = s.budget.Sub() }

// Next returns the next row group, nil after the last.
func (s *stream) Next() (arrow.Record, error) {
	s.group.ReleaseAll()
	for s.left == 0 {
		if len(s.groups) == 0 {
			return nil, nil
		}
		if err := s.openGroup(); err != nil {
			return nil, err
		}
	}
	rows := int(min(s.left, codec.RowGroupRows))
	s.left -= int64(rows)
	s.group.Take(int64(rows))
	columns := make([]arrow.Array, len(s.nodes))
	err := parallel.Do(len(s.nodes), func(i int) error {
		data, err := s.column(s.nodes[i], rows)
		if err != nil {
			return columnError(s.nodes[i].name, err)
		}
		columns[i] = array.MakeFromData(data)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.total.Take(s.group.Used())
	return array.NewRecord(s.schema, columns, int64(rows)), nil
}

func (s *stream) openGroup() error {
	g := &s.groups[0]
	s.groups = s.groups[1:]
	s.left = g.NumRows
	if g.NumRows == 0 {
		return nil
	}
	for i, c := range s.columns {
		if err := c.open(s.file, &g.Columns[i], g.NumRows); err != nil {
			return columnError(c.node.column, err)
		}
	}
	return nil
}

// column returns the next rows of a column.
func (s *stream) column(n *node, rows int) (arrow.ArrayData, error) {
	b := builder{first: n.first, take: s.group.Take}
	for _, c := range s.columns[n.first : n.first+n.leaves] {
		values, err := c.read(rows, c.node.dt.ID() == arrow.DICTIONARY, b.take)
		if err != nil {
			return nil, err
		}
		c.leavePage()
		if s.left == 0 && (c.left > 0 || c.page.n > 0) {
			return nil, errRows
		}
		b.columns = append(b.columns, c)
		b.leaves = append(b.leaves, values)
	}
	data, err := b.build(n)
	if err == nil && data.Len() != rows {
		err = errRows
	}
	return data, err
}
