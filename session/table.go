package session

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/scalar"
	"edgeframe/frame"
)

// contents returns what makes up a version.
func (s *Service) contents(ctx context.Context, h *head, v *version) (*arrow.Schema, frame.Marks, *manifest, error) {
	schema, err := s.schema(h, v)
	if err != nil {
		return nil, nil, nil, err
	}
	marks, err := s.marks(ctx, h, v)
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := h.manifest(v)
	return schema, marks, m, err
}

// frame returns a version as a frame whose chunks are loaded when they are needed.
func (s *Service) frame(ctx context.Context, h *head, v *version) (*frame.Frame, error) {
	schema, marks, m, err := s.contents(ctx, h, v)
	if err != nil {
		return nil, err
	}
	f := &frame.Frame{Metadata: schema.Metadata(), Marks: marks, Limits: s.Limits()}
	for i, field := range schema.Fields() {
		col := &frame.Column{Field: field, Origin: i, Chunks: make([]frame.Chunk, len(m.Groups))}
		for g := range m.Groups {
			col.Chunks[g] = frame.Chunk{Stored: true, Group: g, Column: i}
		}
		f.Columns = append(f.Columns, col)
	}
	for _, g := range m.Groups {
		f.Rows = append(f.Rows, g.Rows)
	}
	// A changed chunk's neighbours in its segment are asked for later; they are here already.
	fetched := map[segmentRef][]arrow.Array{}
	f.Load = func(chunks []frame.Chunk) ([]arrow.Array, error) {
		return s.loadChunks(ctx, h, m, chunks, fetched)
	}
	return f, nil
}

// loadChunks fetches the segments of chunks, but for those in fetched, to which it adds them,
// and picks the chunks out of them.
func (s *Service) loadChunks(ctx context.Context, h *head, m *manifest, chunks []frame.Chunk, fetched map[segmentRef][]arrow.Array) ([]arrow.Array, error) {
	slots := m.slots()
	refs := m.refs(slots, chunks)
	if err := s.fetchInto(ctx, h, refs, fetched); err != nil {
		return nil, err
	}
	arrays := make([]arrow.Array, len(chunks))
	for i, c := range chunks {
		fields, field := fetched[refs[i]], slots[c.Column].field
		if field >= len(fields) || fields[field].Len() != m.Groups[c.Group].Rows {
			return nil, fail(ErrCorrupt, "segment %s has another shape than the manifest says", segmentKey(h.ID, refs[i]))
		}
		arrays[i] = fields[field]
	}
	return arrays, nil
}

// refs returns the segments that hold chunks, one for each chunk.
func (m *manifest) refs(slots []slot, chunks []frame.Chunk) []segmentRef {
	refs := make([]segmentRef, len(chunks))
	for i, c := range chunks {
		refs[i] = m.Groups[c.Group].Segments[slots[c.Column].segment]
	}
	return refs
}

// slot is where a column stands in each row group.
type slot struct{ segment, field int }

// slots returns the slot of every column.
func (m *manifest) slots() []slot {
	columns := 0
	for _, held := range m.Layout {
		columns += len(held)
	}
	slots := make([]slot, columns)
	for i, columns := range m.Layout {
		for j, c := range columns {
			if c >= 0 {
				slots[c] = slot{i, j}
			}
		}
	}
	return slots
}

// maxSchemaBytes is the largest schema. Heads carry the schemas of their versions, and every
// request reads a head.
const maxSchemaBytes = 8 << 20

// storeFrame turns f, which began as version base of h (nil: as nothing stored), into a version,
// and leaves the segments to put in se.
func (s *Service) storeFrame(h *head, base *version, f *frame.Frame, se *sealer) (*version, error) {
	if len(f.Columns) == 0 {
		return nil, codec.Errorf(codec.ErrMalformed, "the table has no columns; it needs at least one")
	}
	old := new(manifest)
	if base != nil {
		var err error
		if old, err = h.manifest(base); err != nil {
			return nil, err
		}
	}
	plan, err := newLayout(old, f, s.opt.SegmentTargetBytes)
	if err != nil {
		return nil, err
	}
	m, err := plan.write(old, f, se)
	if err != nil {
		return nil, err
	}
	v, err := s.versionOf(h, f.Schema(), m, se)
	if err != nil {
		return nil, err
	}
	if v.Marks, err = s.storeMarks(f, se); err != nil {
		return nil, err
	}
	v.NewBytes = se.bytes
	return v, nil
}

// versionOf returns a version, without marks, of the table that m describes, whose new
// segments se has sealed.
func (s *Service) versionOf(h *head, of *arrow.Schema, m *manifest, se *sealer) (*version, error) {
	schema, err := arrowipc.EncodeSchema(of)
	if err != nil {
		return nil, err
	}
	if len(schema) > maxSchemaBytes {
		return nil, codec.Errorf(codec.ErrTooLarge, "the names, types and metadata of the columns take %d bytes; at most %d are accepted", len(schema), maxSchemaBytes)
	}
	v := &version{
		Columns:     of.NumFields(),
		NewBytes:    se.bytes,
		Method:      string(se.opt.Method),
		Compression: string(se.opt.Compression),
	}
	for _, g := range m.Groups {
		v.Rows += int64(g.Rows)
	}
	h.Schemas, v.Schema = addOnce(h.Schemas, schema)
	if err := h.setManifest(v, m); err != nil {
		return nil, err
	}
	return v, s.checkRaw(v.RawBytes)
}

// checkRaw refuses a table that takes so many bytes before compression, if that is too many.
func (s *Service) checkRaw(bytes int64) error {
	if bytes > s.opt.MaxTableBytes {
		return codec.Errorf(codec.ErrTooLarge, "the table takes %d bytes; at most %d are accepted", bytes, s.opt.MaxTableBytes)
	}
	return nil
}

// write seals what changed and returns the manifest. Segments whose columns are all as they
// were stored are taken over without being read.
func (l *layout) write(old *manifest, f *frame.Frame, se *sealer) (*manifest, error) {
	m := &manifest{Groups: make([]rowGroup, len(f.Rows))}
	for g, rows := range f.Rows {
		m.Groups[g] = rowGroup{Rows: rows, Segments: make([]segmentRef, len(l.segments))}
	}
	type target struct{ group, segment int }
	var targets []target
	var records []arrow.Record
	for i, planned := range l.segments {
		m.Layout = append(m.Layout, planned.columns)
		var changed []int
		for g := range f.Rows {
			if from, ok := planned.unchanged(f, g); ok {
				m.Groups[g].Segments[i] = old.Groups[from].Segments[planned.base]
			} else {
				changed = append(changed, g)
			}
		}
		if err := f.LoadAll(planned.live(), changed); err != nil {
			return nil, err
		}
		for _, g := range changed {
			targets = append(targets, target{g, i})
			records = append(records, planned.record(f, g))
		}
	}
	refs, err := se.seal(records)
	if err != nil {
		return nil, err
	}
	for i, t := range targets {
		m.Groups[t.group].Segments[t.segment] = refs[i]
	}
	m.countMissing(old, f)
	return m, nil
}

// countMissing fills in the missing counts, from the old manifest where nothing changed.
func (m *manifest) countMissing(old *manifest, f *frame.Frame) {
	for g := range m.Groups {
		missing := make([]int, len(f.Columns))
		for i, c := range f.Columns {
			if chunk := c.Chunks[g]; chunk.Stored {
				missing[i] = old.Groups[chunk.Group].Missing[chunk.Column]
			} else {
				missing[i] = scalar.CountMissing(chunk.Data)
			}
		}
		m.Groups[g].Missing = missing
	}
}

// record returns the chunks of a planned segment in row group g as a record. The fields have
// positions for names, so that renaming a column changes no segment; one whose column is
// gone is a field of nulls.
func (p *plannedSegment) record(f *frame.Frame, g int) arrow.Record {
	fields := make([]arrow.Field, len(p.columns))
	arrays := make([]arrow.Array, len(p.columns))
	for i, c := range p.columns {
		arrays[i] = arrow.Array(array.NewNull(f.Rows[g]))
		if c >= 0 {
			arrays[i] = f.Columns[c].Chunks[g].Data
		}
		fields[i] = arrow.Field{Name: fieldName(i), Type: arrays[i].DataType(), Nullable: true}
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(f.Rows[g]))
}

// project returns a table of some columns and rows of a version.
func (s *Service) project(ctx context.Context, h *head, v *version, columns []int, offset, limit int64) (*codec.Table, error) {
	schema, err := s.schema(h, v)
	if err != nil {
		return nil, err
	}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = schema.Field(c)
	}
	meta := schema.Metadata()
	out := &codec.Table{Schema: arrow.NewSchema(fields, &meta)}
	m, err := h.manifest(v)
	if err != nil {
		return nil, err
	}
	ranges, chunks := m.chunks(columns, offset, limit)
	arrays, err := s.loadChunks(ctx, h, m, chunks, map[segmentRef][]arrow.Array{})
	if err != nil {
		return nil, err
	}
	for _, r := range ranges {
		part := slices.Clone(arrays[:len(columns)])
		arrays = arrays[len(columns):]
		for i, a := range part {
			if r.from > 0 || r.to < a.Len() {
				part[i] = array.NewSlice(a, int64(r.from), int64(r.to))
			}
		}
		out.RowGroups = append(out.RowGroups, array.NewRecord(out.Schema, part, int64(r.to-r.from)))
	}
	return out, nil
}

// chunks returns where limit rows from offset on are, and the chunks of columns there.
func (m *manifest) chunks(columns []int, offset, limit int64) (ranges []groupRange, chunks []frame.Chunk) {
	ranges = m.cut(offset, limit)
	for _, r := range ranges {
		for _, c := range columns {
			chunks = append(chunks, frame.Chunk{Group: r.group, Column: c})
		}
	}
	return ranges, chunks
}

// groupRange is some rows of a row group.
type groupRange struct{ group, from, to int }

// cut returns where limit rows from offset on are; a negative limit means all.
func (m *manifest) cut(offset, limit int64) (ranges []groupRange) {
	for g, group := range m.Groups {
		n := int64(group.Rows)
		if offset >= n {
			offset -= n
			continue
		}
		to := n
		if limit >= 0 {
			to = offset + min(limit, n-offset)
		}
		if to > offset {
			ranges = append(ranges, groupRange{g, int(offset), int(to)})
		}
		if limit >= 0 {
			if limit -= to - offset; limit == 0 {
				break
			}
		}
		offset = 0
	}
	return ranges
}
