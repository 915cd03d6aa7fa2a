package codec

import (
	"bytes"
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// parquetFormat is https://parquet.apache.org/docs/file-format/. Of the library parquet-go only
// the part that reads and writes the metadata is used. Its readers of values, like those of
// arrow-go, make room for what a file claims, and they would double the size of the Worker.
//
// A row group of the file becomes row groups of the table: one, or as many as it takes if it has
// more than [RowGroupRows] rows. The types are those that Parquet names, UUID as
// fixed_size_binary[16] and INTERVAL as month_day_nano_interval, unless the file has the schema
// of the Arrow table that it was made of and the values can have the types of that.
var parquetFormat = &Format{
	Name:       "parquet",
	MediaTypes: []string{"application/vnd.apache.parquet"},
	Extensions: []string{".parquet"},
	Sniff:      func(data []byte) bool { return bytes.HasPrefix(data, parquetMagic) },
	Decode:     decodeParquet,
	Open: func(data []byte, opt ReadOptions) (RowGroups, int64, error) {
		s, err := OpenParquet(data, opt)
		if err != nil {
			return nil, 0, err
		}
		return s, s.rows, nil
	},
	Encode: encodeParquet,
}

// parquetMagic begins and ends a file, encryptedMagic one whose metadata is encrypted.
var (
	parquetMagic   = []byte("PAR1")
	encryptedMagic = []byte("PARE")
)

func decodeParquet(data []byte, opt ReadOptions) (*Table, error) {
	s, err := OpenParquet(data, opt)
	if err != nil {
		return nil, err
	}
	t := &Table{Schema: s.schema}
	for {
		group, err := s.Next()
		if err != nil {
			return nil, err
		}
		if group == nil {
			return applyDTypes(t, opt)
		}
		// The row group stays, so its memory is not given back.
		s.group.n.Store(0)
		t.RowGroups = append(t.RowGroups, group)
	}
}

// ParquetStream reads a Parquet file row group by row group: in memory are the file, a page of
// each column, and one row group. Its limits are those of the whole table.
type ParquetStream struct {
	// file is what comes before the footer.
	file    []byte
	schema  *arrow.Schema
	nodes   []*parquetNode
	columns []*parquetColumn
	groups  []format.RowGroup
	rows    int64
	// left is the number of rows that are to come of the current row group of the file.
	left  int64
	limit int64
	meter *meter
	// group is what the row group takes that was returned last, total what all did.
	group holding
	total int64
}

// OpenParquet reads the footer of a Parquet file. The stream refers to data until its end, the
// row groups do not.
func OpenParquet(data []byte, opt ReadOptions) (s *ParquetStream, err error) {
	defer guard(&err, ErrMalformed, "the Parquet file")
	limits := opt.Limits.WithDefaults()
	file, footer, err := splitParquet(data)
	if err != nil {
		return nil, err
	}
	s = &ParquetStream{file: file, limit: limits.Bytes, meter: &meter{limit: limits.Bytes}}
	s.group.meter = s.meter
	var m parquetFooter
	if _, err := readThrift(footer, &m, s.meter.take); err != nil {
		return nil, Errorf(ErrMalformed, "the footer of the Parquet file cannot be read: %v", err)
	}
	if m.EncryptionAlgorithm.Value != nil {
		return nil, Errorf(ErrUnsupported, "the Parquet file is encrypted")
	}
	tree := parquetSchema{limits: limits, elements: m.Schema}
	if s.nodes, err = tree.read(); err != nil {
		return nil, err
	}
	s.schema = arrowSchema(s.nodes, arrowHint(m.KeyValueMetadata, limits, s.meter.take), m.KeyValueMetadata)
	if err := checkNames(s.schema); err != nil {
		return nil, err
	}
	if err := s.checkTypes(limits); err != nil {
		return nil, err
	}
	s.groups, s.rows = m.RowGroups, m.NumRows
	unpacked := &meter{limit: 3 * limits.Bytes}
	for _, n := range tree.leaves {
		c := &parquetColumn{node: n, unpacked: unpacked}
		c.held.meter, c.dictionary.meter = s.meter, s.meter
		s.columns = append(s.columns, c)
	}
	return s, s.checkGroups(m.NumRows)
}

// parquetFooter is the part of format.FileMetaData that is looked at. There a pair has a value, but
// by the standard it need not.
type parquetFooter struct {
	Schema              thrift.Slice[format.SchemaElement] `thrift:"2,required"`
	NumRows             int64                              `thrift:"3,required"`
	RowGroups           thrift.Slice[format.RowGroup]      `thrift:"4,required"`
	KeyValueMetadata    thrift.Slice[parquetPair]          `thrift:"5,optional"`
	EncryptionAlgorithm format.EncryptionAlgorithm         `thrift:"8,optional"`
}

type parquetPair struct {
	Key   string `thrift:"1,required"`
	Value string `thrift:"2,optional"`
}

// splitParquet returns the footer and what is before it.
func splitParquet(data []byte) (file, footer []byte, err error) {
	if bytes.HasPrefix(data, encryptedMagic) {
		return nil, nil, Errorf(ErrUnsupported, "the Parquet file is encrypted")
	}
	tail := len(data) - len(parquetMagic) - 4
	if tail < len(parquetMagic) || !bytes.HasPrefix(data, parquetMagic) || !bytes.HasSuffix(data, parquetMagic) {
		return nil, nil, Errorf(ErrMalformed, "the data is no Parquet file, or it ends early: its footer is missing")
	}
	size := binary.LittleEndian.Uint32(data[tail:])
	if uint64(size) > uint64(tail-len(parquetMagic)) {
		return nil, nil, Errorf(ErrMalformed, "the Parquet file is damaged: its footer of %d bytes is larger than the file", size)
	}
	return data[:tail-int(size)], data[tail-int(size) : tail], nil
}

// checkTypes refuses types that no other format could have brought in.
func (s *ParquetStream) checkTypes(limits Limits) error {
	for _, f := range s.schema.Fields() {
		if _, err := checkType(f.Type); err != nil {
			return Errorf(ErrUnsupported, "column %q: %v", f.Name, err)
		}
		if typeDepth(f.Type) > limits.Depth {
			return Errorf(ErrTooLarge, "a column is nested deeper than %d levels", limits.Depth)
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

func (s *ParquetStream) checkGroups(rows int64) error {
	sum := int64(0)
	for i, g := range s.groups {
		if g.NumRows < 0 || len(g.Columns) != len(s.columns) {
			return Errorf(ErrMalformed, "row group %d of the Parquet file has %d rows of %d columns instead of %d", i, g.NumRows, len(g.Columns), len(s.columns))
		}
		sum = addSizes(sum, g.NumRows)
	}
	if sum != rows {
		return Errorf(ErrMalformed, "the row groups of the Parquet file have %d rows, but its footer says %d", sum, rows)
	}
	if sum > s.limit {
		return Errorf(ErrTooLarge, "%d rows take more than the %d bytes of memory that a dataframe may take", sum, s.limit)
	}
	return nil
}

// Schema is the schema of every row group.
func (s *ParquetStream) Schema() *arrow.Schema { return s.schema }

// Next returns the next row group, nil after the last.
func (s *ParquetStream) Next() (group arrow.Record, err error) {
	defer guard(&err, ErrMalformed, "the Parquet file")
	s.group.release()
	for s.left == 0 {
		if len(s.groups) == 0 {
			return nil, nil
		}
		if err := s.openGroup(); err != nil {
			return nil, err
		}
	}
	rows := int(min(s.left, RowGroupRows))
	s.left -= int64(rows)
	s.group.take(int64(rows))
	columns := make([]arrow.Array, len(s.nodes))
	err = Parallel(len(s.nodes), func(i int) error {
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
	if s.total = addSizes(s.total, s.group.n.Load()); s.total > s.limit {
		panic(overBudget{s.limit})
	}
	return array.NewRecord(s.schema, columns, int64(rows)), nil
}

func (s *ParquetStream) openGroup() error {
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
func (s *ParquetStream) column(n *parquetNode, rows int) (arrow.ArrayData, error) {
	b := parquetBuilder{first: n.first, take: s.group.take}
	for _, c := range s.columns[n.first : n.first+n.leaves] {
		values, err := c.read(rows, c.node.dt.ID() == arrow.DICTIONARY, b.take)
		if err != nil {
			return nil, err
		}
		if s.left == 0 && (c.left > 0 || c.page.n > 0) {
			return nil, errParquetRows
		}
		b.columns = append(b.columns, c)
		b.leaves = append(b.leaves, values)
	}
	data, err := b.build(n)
	if err == nil && data.Len() != rows {
		err = errParquetRows
	}
	return data, err
}
