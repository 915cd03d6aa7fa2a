package parquet

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/klauspost/compress/s2"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/internal/gather"
	"edgeframe/internal/parallel"
)

// writer writes every row group as one of the file, and every column chunk as one data
// page of version 1 that is compressed with Snappy. The bytes depend on the table only.
type writer struct {
	out    *bufio.Writer
	at     int64
	leaves []*target
	meta   format.FileMetaData
}

// encodeParquet writes t with its Arrow schema, which gives a reader that knows it back what
// Parquet has no word for.
func encodeParquet(w io.Writer, t *codec.Table) (err error) {
	defer codec.Guard(&err, codec.ErrUnsupported, "the table")
	p := writer{out: bufio.NewWriterSize(w, 64<<10)}
	if err := p.begin(t.Schema); err != nil {
		return err
	}
	for _, rec := range t.RowGroups {
		if rec.NumRows() == 0 {
			continue
		}
		if err := p.group(rec); err != nil {
			return err
		}
	}
	footer, err := writeThrift(&p.meta)
	if err != nil {
		return err
	}
	size := len(footer)
	footer = binary.LittleEndian.AppendUint32(footer, uint32(size))
	if err := p.write(append(footer, magic...)); err != nil {
		return err
	}
	return p.out.Flush()
}

func (p *writer) write(data []byte) error {
	n, err := p.out.Write(data)
	p.at += int64(n)
	return err
}

// begin describes the columns.
func (p *writer) begin(schema *arrow.Schema) error {
	root := format.SchemaElement{Name: "schema", NumChildren: thrift.New(int32(schema.NumFields()))}
	p.meta = format.FileMetaData{Version: 2, Schema: thrift.Slice[format.SchemaElement]{root}, CreatedBy: "edgeframe", RowGroups: thrift.Slice[format.RowGroup]{}}
	for _, f := range schema.Fields() {
		s := plan{column: f.Name}
		if err := s.field(f, f.Name, target{}); err != nil {
			return codec.Errorf(codec.ErrUnsupported, "column %q cannot be written to a Parquet file: %v; fetch it as an Arrow stream (format=arrow)", codec.Shorten(f.Name), err)
		}
		p.meta.Schema = append(p.meta.Schema, s.elements...)
		p.leaves = append(p.leaves, s.leaves...)
	}
	hint, err := arrowipc.MessageOf(schema)
	if err != nil {
		return err
	}
	p.meta.KeyValueMetadata = append(p.meta.KeyValueMetadata, format.KeyValue{Key: arrowSchemaKey, Value: base64.StdEncoding.EncodeToString(hint)})
	m := schema.Metadata()
	for i, key := range m.Keys() {
		if key != arrowSchemaKey {
			p.meta.KeyValueMetadata = append(p.meta.KeyValueMetadata, format.KeyValue{Key: key, Value: m.Values()[i]})
		}
	}
	return p.write(magic)
}

// chunk is a column chunk: its pages, compressed, and what the footer says of it. Offsets count
// from its beginning.
type chunk struct {
	pages []byte
	meta  format.ColumnMetaData
}

func (p *writer) group(rec arrow.Record) error {
	parts := make([][]chunk, rec.NumCols())
	first := make([]int, rec.NumCols()+1)
	for i, f := range rec.Schema().Fields() {
		first[i+1] = first[i] + countLeaves(f.Type)
	}
	err := parallel.Do(int(rec.NumCols()), func(i int) error {
		var err error
		if parts[i], err = p.column(rec, i, p.leaves[first[i]:first[i+1]]); err != nil {
			err = codec.Errorf(codec.ErrUnsupported, "column %q cannot be written to a Parquet file: %v; fetch it as an Arrow stream (format=arrow)", codec.Shorten(rec.ColumnName(i)), err)
		}
		return err
	})
	if err != nil {
		return err
	}
	g := format.RowGroup{NumRows: rec.NumRows(), FileOffset: p.at, Columns: thrift.Slice[format.ColumnChunk]{}}
	if n := len(p.meta.RowGroups); n <= math.MaxInt16 {
		g.Ordinal = int16(n)
	}
	for _, chunks := range parts {
		for _, c := range chunks {
			c.meta.DataPageOffset += p.at
			if c.meta.DictionaryPageOffset >= 0 {
				c.meta.DictionaryPageOffset += p.at
			} else {
				c.meta.DictionaryPageOffset = 0
			}
			if err := p.write(c.pages); err != nil {
				return err
			}
			g.TotalByteSize += c.meta.TotalUncompressedSize
			g.TotalCompressedSize += c.meta.TotalCompressedSize
			g.Columns = append(g.Columns, format.ColumnChunk{MetaData: c.meta})
		}
	}
	p.meta.NumRows += rec.NumRows()
	p.meta.RowGroups = append(p.meta.RowGroups, g)
	return nil
}

// column returns the chunks of the leaves of column i.
func (p *writer) column(rec arrow.Record, i int, targets []*target) ([]chunk, error) {
	arr, err := gather.Trim(rec.Column(i))
	if err != nil {
		return nil, err
	}
	n := int(rec.NumRows())
	rows := levelled{at: make([]int32, n), def: make([]uint8, n), rep: make([]uint8, n)}
	for k := range rows.at {
		rows.at[k] = int32(k)
	}
	var chunks []chunk
	err = shred(arr, rec.Schema().Field(i), rows, 0, func(arr arrow.Array, e levelled) error {
		c, err := targets[len(chunks)].chunk(arr, e)
		chunks = append(chunks, c)
		return err
	})
	return chunks, err
}

// chunk writes the values of a leaf.
func (t *target) chunk(arr arrow.Array, e levelled) (chunk, error) {
	c := chunk{meta: format.ColumnMetaData{
		Type: t.physical, PathInSchema: t.path, Codec: format.Snappy, NumValues: int64(len(e.at)), DictionaryPageOffset: -1,
		Encoding: thrift.Slice[format.Encoding]{format.RLE},
	}}
	var body []byte
	if t.rep > 0 {
		body = appendPrefixed(body, appendHybrid(nil, e.rep, bitWidth(uint64(t.rep))))
	}
	if t.def > 0 {
		body = appendPrefixed(body, appendHybrid(nil, e.def, bitWidth(uint64(t.def))))
	}
	dense := make([]int32, 0, len(e.at))
	for _, at := range e.at {
		if at >= 0 {
			dense = append(dense, at)
		}
	}
	nulls := int64(len(e.at) - len(dense))
	c.meta.Statistics.NullCount = nulls
	encoding := format.Plain
	d, err := t.dictionary(arr, dense)
	if err != nil {
		return c, err
	}
	if d != nil {
		encoding = format.RLEDictionary
		c.meta.DictionaryPageOffset = 0
		c.meta.Encoding = append(c.meta.Encoding, format.Plain)
		head := format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(d.n), Encoding: format.Plain})}
		if err := c.page(head, d.values); err != nil {
			return c, err
		}
		width := bitWidth(uint64(max(d.n, 1) - 1))
		body = appendHybrid(append(body, byte(width)), d.indices, width)
	} else if body, err = t.plain(body, arr, dense); err != nil {
		return c, err
	}
	c.meta.Encoding = append(c.meta.Encoding, encoding)
	c.meta.DataPageOffset = int64(len(c.pages))
	data := format.DataPageHeader{NumValues: int32(len(e.at)), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}
	data.Statistics.NullCount = nulls
	err = c.page(format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(data)}, body)
	c.meta.TotalCompressedSize = int64(len(c.pages))
	return c, err
}

// page appends a page.
func (c *chunk) page(head format.PageHeader, body []byte) error {
	if len(body) > math.MaxInt32-16 || s2.MaxEncodedLen(len(body)) > math.MaxInt32 {
		return errors.New("a row group has values of more than 2 GiB")
	}
	packed := s2.EncodeSnappy(nil, body)
	head.UncompressedPageSize, head.CompressedPageSize = int32(len(body)), int32(len(packed))
	data, err := writeThrift(&head)
	if err != nil {
		return err
	}
	c.pages = append(append(c.pages, data...), packed...)
	c.meta.TotalUncompressedSize += int64(len(data) + len(body))
	return nil
}

func appendPrefixed(dst, part []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(part))), part...)
}

// appendHybrid writes values of width bits as runs where eight or more are equal, and packed
// otherwise.
func appendHybrid[T uint8 | uint32](dst []byte, values []T, width int) []byte {
	literals := values[:0:0]
	flush := func() {
		if len(literals) > 0 {
			groups := (len(literals) + 7) / 8
			dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
			dst = packBits(dst, literals, groups*8, width)
			literals = literals[:0]
		}
	}
	for i := 0; i < len(values); {
		if len(literals)%8 == 0 {
			run := 1
			for i+run < len(values) && values[i+run] == values[i] {
				run++
			}
			if run >= 8 {
				flush()
				dst = binary.AppendUvarint(dst, uint64(run)<<1)
				for k := range (width + 7) / 8 {
					dst = append(dst, byte(uint32(values[i])>>(8*k)))
				}
				i += run
				continue
			}
		}
		literals = append(literals, values[i])
		i++
	}
	flush()
	return dst
}

// packBits appends n values of width bits; those that there are not are zero.
func packBits[T uint8 | uint32](dst []byte, values []T, n, width int) []byte {
	word, bits := uint64(0), 0
	for i := range n {
		if i < len(values) {
			word |= uint64(values[i]) << bits
		}
		for bits += width; bits >= 8; bits -= 8 {
			dst = append(dst, byte(word))
			word >>= 8
		}
	}
	return dst
}

// target is a leaf of the file that is written.
type target struct {
	path     thrift.Slice[string]
	physical format.Type
	// width is that of values of fixed length.
	width    int
	def, rep uint8
	dt       arrow.DataType
}

// plan makes the part of a schema that one column takes.
type plan struct {
	column   string
	elements []format.SchemaElement
	leaves   []*target
}

// field adds a field under the name that it has in Parquet.
func (s *plan) field(f arrow.Field, name string, in target) error {
	if in.def > maxParquetLevel {
		return errors.New("it is nested too deep")
	}
	in.path = append(in.path[:len(in.path):len(in.path)], name)
	e := format.SchemaElement{Name: name, RepetitionType: thrift.New(format.Required)}
	if f.Nullable {
		in.def++
		e.RepetitionType.V = format.Optional
	}
	group := func(children int, annotate func(e *format.SchemaElement)) {
		e.NumChildren = thrift.New(int32(children))
		if annotate != nil {
			annotate(&e)
		}
		s.elements = append(s.elements, e)
	}
	repeated := func(name string, children int) {
		in.path = append(in.path, name)
		in.def++
		in.rep++
		s.elements = append(s.elements, format.SchemaElement{
			Name: name, RepetitionType: thrift.New(format.Repeated), NumChildren: thrift.New(int32(children)),
		})
	}
	switch dt := f.Type.(type) {
	case *arrow.StructType:
		if dt.NumFields() == 0 {
			return errors.New("there are no structs without fields in Parquet")
		}
		group(dt.NumFields(), nil)
		for _, child := range dt.Fields() {
			if err := s.field(child, child.Name, in); err != nil {
				return err
			}
		}
		return nil
	case *arrow.MapType:
		group(1, annotateMap)
		repeated("key_value", 2)
		key := dt.KeyField()
		key.Nullable = false
		if err := s.field(key, "key", in); err != nil {
			return err
		}
		return s.field(dt.ItemField(), "value", in)
	case arrow.ListLikeType:
		group(1, annotateList)
		repeated("list", 1)
		return s.field(dt.(arrow.NestedType).Fields()[0], "element", in)
	}
	if f.Type.ID() == arrow.NULL && !f.Nullable {
		return errors.New("it is of type null, but not nullable")
	}
	if err := describe(&e, f.Type); err != nil {
		return err
	}
	in.physical, in.width, in.dt = e.Type.V, int(e.TypeLength.V), f.Type
	s.elements = append(s.elements, e)
	s.leaves = append(s.leaves, &in)
	return nil
}

// countLeaves is the number of leaves of a type that plan takes.
func countLeaves(dt arrow.DataType) int {
	switch dt := dt.(type) {
	case *arrow.MapType:
		return countLeaves(dt.KeyType()) + countLeaves(dt.ItemType())
	case arrow.NestedType:
		n := 0
		for _, f := range dt.Fields() {
			n += countLeaves(f.Type)
		}
		return n
	}
	return 1
}

// levelled are the levels of a column and where its values are, -1 if there is none.
type levelled struct {
	rep, def []uint8
	at       []int32
}

// shred calls use with the entries of every leaf of arr, whose offsets are 0, in order. e are
// those of what arr is in, in lists of which rep are inside of each other.
func shred(arr arrow.Array, f arrow.Field, e levelled, rep uint8, use func(arrow.Array, levelled) error) error {
	e, err := withoutNulls(arr, f, e)
	if err != nil {
		return err
	}
	switch arr := arr.(type) {
	case structArray:
		dt := f.Type.(*arrow.StructType)
		for i, child := range dt.Fields() {
			if err := shred(arr.Field(i), child, e, rep, use); err != nil {
				return err
			}
		}
		return nil
	case mapArray:
		dt := f.Type.(*arrow.MapType)
		inner := elementsOf(arr, e, rep+1)
		key := dt.KeyField()
		key.Nullable = false
		if err := shred(arr.Keys(), key, inner, rep+1, use); err != nil {
			return err
		}
		return shred(arr.Items(), dt.ItemField(), inner, rep+1, use)
	case listArray:
		inner := elementsOf(arr, e, rep+1)
		return shred(arr.ListValues(), f.Type.(arrow.NestedType).Fields()[0], inner, rep+1, use)
	}
	return use(arr, e)
}

// The arrays that have children, as far as shred looks at them.
type (
	structArray interface {
		Field(i int) arrow.Array
		NumField() int
	}
	listArray interface {
		ListValues() arrow.Array
		ValueOffsets(i int) (start, end int64)
	}
	mapArray interface {
		listArray
		Keys() arrow.Array
		Items() arrow.Array
	}
)

// withoutNulls raises the level of the values that are not missing.
func withoutNulls(arr arrow.Array, f arrow.Field, e levelled) (levelled, error) {
	missing := nullCheck(arr)
	if !f.Nullable {
		if missing != nil {
			for _, at := range e.at {
				if at >= 0 && missing(int(at)) {
					return e, fmt.Errorf("%q is not nullable, but has missing values", codec.Shorten(f.Name))
				}
			}
		}
		return e, nil
	}
	def := make([]uint8, len(e.def))
	copy(def, e.def)
	at := e.at
	if missing != nil {
		at = make([]int32, len(e.at))
		copy(at, e.at)
	}
	for i, k := range at {
		if k < 0 {
			continue
		}
		if missing != nil && missing(int(k)) {
			at[i] = -1
		} else {
			def[i]++
		}
	}
	return levelled{rep: e.rep, def: def, at: at}, nil
}

// elementsOf returns the entries of the elements of lists.
func elementsOf(arr listArray, e levelled, rep uint8) levelled {
	out := levelled{}
	for i, k := range e.at {
		if k >= 0 {
			if start, end := arr.ValueOffsets(int(k)); start < end {
				for at := start; at < end; at++ {
					level := rep
					if at == start {
						level = e.rep[i]
					}
					out.rep, out.def, out.at = append(out.rep, level), append(out.def, e.def[i]+1), append(out.at, int32(at))
				}
				continue
			}
		}
		out.rep, out.def, out.at = append(out.rep, e.rep[i]), append(out.def, e.def[i]), append(out.at, -1)
	}
	return out
}
