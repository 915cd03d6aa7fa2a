package session

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/scalar"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/session/record"
)

// contents returns what makes up a version.
func (s *Service) contents(ctx context.Context, h *head, ver *record.Version) (*arrow.Schema, frame.Marks, *manifest, error) {
	schema, err := s.schema(h, ver)
	if err != nil {
		return nil, nil, nil, err
	}
	marks, err := s.marks(ctx, h, ver)
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := h.manifest(ver)
	return schema, marks, m, err
}

// frame returns a version as a frame whose chunks are loaded when they are needed. kept says that what
// becomes of it is going to be stored.
func (s *Service) frame(ctx context.Context, h *head, ver *record.Version, kept bool) (*frame.Frame, error) {
	schema, marks, m, err := s.contents(ctx, h, ver)
	if err != nil {
		return nil, err
	}
	f := s.frameOf(ctx, schema, m)
	f.Marks = marks
	// Segments are kept: the neighbours of a changed chunk in its segment are loaded later.
	fetched := map[record.SegmentRef][]arrow.Array{}
	f.Load = func(chunks []frame.Chunk) ([]arrow.Array, error) {
		places := m.places(chunks)
		if err := s.beginEdit(ctx, h, places, f.NumRows(), kept); err != nil {
			return nil, err
		}
		return s.loadPlaces(ctx, h, places, fetched)
	}
	return f, nil
}

// frameOf returns a stored table as a frame under edit, without its marks. Its caller says how chunks are loaded.
func (s *Service) frameOf(ctx context.Context, schema *arrow.Schema, m *manifest) *frame.Frame {
	f := storedFrame(schema, m, everyColumn(schema))
	f.Limits, f.Context = s.Limits(), ctx
	f.Reserve = func(bytes int64) error { return budget.From(ctx).UseWithin(ctx, bytes) }
	f.Within = func(bytes int64) error { return budget.From(ctx).UseAlone(ctx, bytes) }
	return f
}

// storedFrame returns columns of a stored table as a frame. Its caller says how chunks are loaded.
func storedFrame(schema *arrow.Schema, m *manifest, columns []int) *frame.Frame {
	f := &frame.Frame{Metadata: schema.Metadata(), Columns: make([]*frame.Column, len(columns)), Rows: make([]int, len(m.Groups))}
	for i, at := range columns {
		col := &frame.Column{Field: schema.Field(at), Origin: at, Chunks: make([]frame.Chunk, len(m.Groups))}
		for g := range col.Chunks {
			col.Chunks[g] = frame.Chunk{Stored: true, Group: g, Column: at}
		}
		f.Columns[i] = col
	}
	for g := range f.Rows {
		f.Rows[g] = m.Groups[g].Rows
	}
	return f
}

// editRowBytes is about what an operation takes for each row besides the values, such as the order
// after a sort.
const editRowBytes = 16

// beginEdit reserves memory for an edit of the arrays at places: for them, for the values that replace
// them and, if these are kept, for storing them. A large edit then waits for its turn to compute.
func (s *Service) beginEdit(ctx context.Context, h *head, places []place, rows int64, kept bool) error {
	bytes, stored := editRowBytes*rows, int64(0)
	for r := range distinct(refsOf(places)) {
		bytes += 2 * int64(r.Raw)
		stored += int64(r.Stored)
	}
	bytes += min(stored, fetchBytes)
	if kept {
		bytes += sealFactor * stored
	}
	share := budget.From(ctx)
	if err := share.Reserve(ctx, bytes); err != nil {
		return err
	}
	_, err := share.Begin(ctx, h.ID)
	return err
}

// distinct returns the set of refs.
func distinct(refs []record.SegmentRef) map[record.SegmentRef]bool {
	set := make(map[record.SegmentRef]bool, len(refs))
	for _, r := range refs {
		set[r] = true
	}
	return set
}

// loadPlaces returns the arrays at places. It fetches their segments unless fetched has them, and
// adds them to fetched.
func (s *Service) loadPlaces(ctx context.Context, h *head, places []place, fetched map[record.SegmentRef][]arrow.Array) ([]arrow.Array, error) {
	if err := s.fetchInto(ctx, h, refsOf(places), fetched); err != nil {
		return nil, err
	}
	arrays := make([]arrow.Array, len(places))
	for i, at := range places {
		fields := fetched[at.ref]
		if at.field >= len(fields) || fields[at.field].Len() != at.rows {
			return nil, fail(ErrCorrupt, "segment %s has another shape than the manifest says", record.SegmentKey(h.ID, at.ref))
		}
		arrays[i] = fields[at.field]
	}
	return arrays, nil
}

func refsOf(places []place) []record.SegmentRef {
	refs := make([]record.SegmentRef, len(places))
	for i, at := range places {
		refs[i] = at.ref
	}
	return refs
}

// maxSchemaBytes is the largest schema. Heads carry the schemas of their versions, and every
// request reads a head.
const maxSchemaBytes = 8 << 20

// storeFrame turns f, which was loaded as version base of h (nil: which is not stored yet), into a
// version, and leaves the segments to store in out.
func (s *Service) storeFrame(h *head, base *record.Version, f *frame.Frame, out *sealer) (*record.Version, error) {
	if err := checkColumns(len(f.Columns)); err != nil {
		return nil, err
	}
	old := new(manifest)
	if base != nil {
		var err error
		if old, err = h.manifest(base); err != nil {
			return nil, err
		}
	}
	packing, err := newLayout(old, f, s.opt.SegmentTargetBytes)
	if err != nil {
		return nil, err
	}
	m, err := packing.write(old, f, out)
	if err != nil {
		return nil, err
	}
	ver, err := s.newVersionOf(h, f.Schema(), m, out)
	if err != nil {
		return nil, err
	}
	if err := s.storeMarks(ver, f, out); err != nil {
		return nil, err
	}
	ver.NewBytes = out.bytes
	return ver, nil
}

// newVersionOf returns a version, without marks, of the table that m describes, whose new
// segments out has sealed.
func (s *Service) newVersionOf(h *head, of *arrow.Schema, m *manifest, out *sealer) (*record.Version, error) {
	schema, err := arrowipc.EncodeSchema(of)
	if err != nil {
		return nil, err
	}
	if len(schema) > maxSchemaBytes {
		return nil, codec.Errorf(codec.ErrTooLarge, "the names, types and metadata of the columns take %d bytes; at most %d are accepted", len(schema), maxSchemaBytes)
	}
	ver := &record.Version{
		Columns:     of.NumFields(),
		NewBytes:    out.bytes,
		Method:      string(out.opt.Method),
		Compression: string(out.opt.Compression),
	}
	for _, g := range m.Groups {
		ver.Rows += int64(g.Rows)
	}
	h.Schemas, ver.Schema = addOnce(h.Schemas, schema)
	if err := h.setManifest(ver, m); err != nil {
		return nil, err
	}
	return ver, s.checkRaw(ver.RawBytes)
}

// checkRaw returns an error if a table of so many bytes before compression is too large.
func (s *Service) checkRaw(bytes int64) error {
	if bytes > s.opt.MaxTableBytes {
		return codec.Errorf(codec.ErrTooLarge, "the table takes %d bytes; at most %d are accepted", bytes, s.opt.MaxTableBytes)
	}
	return nil
}

// write seals what changed and returns the manifest. Segments whose columns are all unchanged are
// taken over without being read.
func (l *layout) write(old *manifest, f *frame.Frame, out *sealer) (*manifest, error) {
	m := &manifest{Groups: make([]record.RowGroup, len(f.Rows))}
	for g, rows := range f.Rows {
		m.Groups[g] = record.RowGroup{Rows: rows, Segments: make([]record.SegmentRef, len(l.segments))}
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
		if err := f.LoadAll(planned.columnsInUse(), changed); err != nil {
			return nil, err
		}
		for _, g := range changed {
			targets = append(targets, target{g, i})
			records = append(records, planned.record(f, g))
		}
	}
	out.within = f.Within
	if err := out.keepFirst(records, func(i int) bool { return targets[i].group == 0 }); err != nil {
		return nil, err
	}
	refs, err := out.seal(records)
	if err != nil {
		return nil, err
	}
	for i, t := range targets {
		m.Groups[t.group].Segments[t.segment] = refs[i]
	}
	m.countMissing(old, f)
	return m, nil
}

// countMissing fills in the missing counts. For unchanged chunks it takes them from the old
// manifest.
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

// record returns the chunks of a planned segment in row group g as a record. Fields are named by
// their positions, so that renaming a column changes no segment; a field whose column has been
// dropped is a field of nulls.
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
