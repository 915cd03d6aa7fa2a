package session

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// The head holds the newest entries of the audit log. When there are auditChunk of them they move
// into a segment, so that the cost of a commit does not depend on the length of the log. So every
// segment has auditChunk entries.
const auditChunk = 128

// The limits of the audit log.
const (
	maxAuditEntry  = 2000 // bytes
	maxAuditChunks = 1000
	// maxAuditPage is how many bytes of chunks are loaded for a page, beyond its first chunk.
	maxAuditPage = 4 << 20
)

// AuditEntry is an entry of the audit log.
type AuditEntry struct {
	Time time.Time
	Text string
}

func (e AuditEntry) String() string {
	return fmt.Sprintf("[%s] %s", e.Time.Format(time.DateTime), e.Text)
}

func (h *head) log(now time.Time, text string) {
	h.logged = text
	// Heads share the entries, and a list that grows by one has no room for more.
	h.Audit = append(append(make([]record.AuditEntry, 0, len(h.Audit)+1), h.Audit...), record.AuditEntry{Time: now.UnixMilli(), Text: text})
}

var auditSchema = arrow.NewSchema([]arrow.Field{
	{Name: "time", Type: arrow.PrimitiveTypes.Int64},
	{Name: "text", Type: arrow.BinaryTypes.String},
}, nil)

// sealAudit moves the entries of the head into a segment if there are enough of them. Beyond
// maxAuditChunks it drops the oldest chunk.
func (h *head) sealAudit(out *sealer) error {
	if len(h.Audit) < auditChunk {
		return nil
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, auditSchema)
	for _, e := range h.Audit {
		b.Field(0).(*array.Int64Builder).Append(e.Time)
		b.Field(1).(*array.StringBuilder).Append(e.Text)
	}
	refs, err := out.seal([]arrow.Record{b.NewRecord()})
	if err != nil {
		return err
	}
	h.Audit = nil
	h.AuditChunks = append(h.AuditChunks, refs...)
	if n := len(h.AuditChunks) - maxAuditChunks; n > 0 {
		h.AuditChunks = h.AuditChunks[n:]
	}
	return nil
}

// sealAudit is head.sealAudit for a commit that stores nothing else. It returns what to store.
func (s *Service) sealAudit(ctx context.Context, h *head) ([]kv.Item, error) {
	out := s.newSealer(ctx, h)
	err := h.sealAudit(out)
	return out.items, err
}

// AuditSelection is a part of the audit log.
type AuditSelection struct {
	// Offset is the number of entries before the part. One past the end selects no entries.
	Offset int64
	// Limit is the largest number of entries.
	Limit int64
	// NewestFirst turns the log round: the newest entry is the first.
	NewestFirst bool
}

// AuditLog is a part of the audit log.
type AuditLog struct {
	Session *Session
	// Entries may be fewer than were asked for if they are long.
	Entries []AuditEntry
	// Total is the number of entries of the whole log.
	Total int64
	// InitialRows is the number of rows that the session was created with.
	InitialRows int64
}

// Audit returns a part of the audit log. It loads only the segments that the part is in. Like the
// data of [Service.Read], the log may be of a session newer than sess.
func (s *Service) Audit(ctx context.Context, sess *Session, sel AuditSelection) (log *AuditLog, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		log, err = s.audit(ctx, sess, sel)
		return err
	})
	return log, err
}

// auditLength is the number of entries of the log.
func (h *head) auditLength() int { return auditChunk*len(h.AuditChunks) + len(h.Audit) }

// auditPage is where a part of the audit log is: the entries from and to, counted from the oldest,
// and the chunks first to last, which have those of them that are not in the head.
type auditPage struct{ from, to, first, last int }

// auditPage returns where a part of the audit log is. It ends the part at the chunk that would exceed
// maxAuditPage.
func (h *head) auditPage(sel AuditSelection) (p auditPage) {
	total := h.auditLength()
	p.from = int(min(sel.Offset, int64(total)))
	p.to = p.from + int(min(sel.Limit, int64(total-p.from)))
	if p.from == p.to {
		return auditPage{}
	}
	if sel.NewestFirst {
		p.from, p.to = total-p.to, total-p.from
	}
	p.first = min(p.from/auditChunk, len(h.AuditChunks))
	p.last = min((p.to+auditChunk-1)/auditChunk, len(h.AuditChunks))
	bytes := 0
	for n := range p.last - p.first {
		at := p.first + n
		if sel.NewestFirst {
			at = p.last - 1 - n
		}
		bytes += h.AuditChunks[at].Raw
		if n == 0 || bytes <= maxAuditPage {
			continue
		}
		if sel.NewestFirst {
			p.first, p.from = at+1, auditChunk*(at+1)
		} else {
			p.last, p.to = at, auditChunk*at
		}
		break
	}
	return p
}

func (s *Service) audit(ctx context.Context, sess *Session, sel AuditSelection) (*AuditLog, error) {
	h := sess.head
	log := &AuditLog{Session: sess, Total: int64(h.auditLength()), InitialRows: h.InitialRows}
	p := h.auditPage(sel)
	chunks := h.AuditChunks[p.first:p.last]
	fetched, err := s.fetch(ctx, h, chunks)
	if err != nil {
		return nil, err
	}
	for i, r := range chunks {
		times, texts := fetched[r][0].(*array.Int64), fetched[r][1].(*array.String)
		if times.Len() != auditChunk {
			return nil, fail(ErrCorrupt, "segment %s has %d entries of the audit log, not %d", record.SegmentKey(h.ID, r), times.Len(), auditChunk)
		}
		begin := auditChunk * (p.first + i)
		for at := max(p.from-begin, 0); at < min(p.to-begin, auditChunk); at++ {
			log.Entries = append(log.Entries, AuditEntry{clock(times.Value(at)), texts.Value(at)})
		}
	}
	begin := auditChunk * len(h.AuditChunks)
	for at := max(p.from-begin, 0); at < p.to-begin; at++ {
		log.Entries = append(log.Entries, AuditEntry{clock(h.Audit[at].Time), h.Audit[at].Text})
	}
	if sel.NewestFirst {
		slices.Reverse(log.Entries)
	}
	return log, nil
}

// AddedEntry is an entry that was added to the audit log.
type AddedEntry struct {
	AuditEntry
	// Index is its position in the log: the number of older entries that are kept. It is -1 if the entry
	// of a repeated request is not among the newest any more.
	Index int64
	// Session is the session after the commit.
	Session *Session
}

// AddAudit adds an entry to the audit log.
func (s *Service) AddAudit(ctx context.Context, c Change, text string) (*AddedEntry, error) {
	if text == "" || len(text) > maxAuditEntry {
		return nil, fail(ErrInvalidParameter, "an audit entry of %d bytes is not accepted; it must have 1 to %d", len(text), maxAuditEntry)
	}
	var added AddedEntry
	sess, err := s.commitLight(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		now := s.now()
		h.log(now, text)
		added.AuditEntry = AuditEntry{clock(now.UnixMilli()), text}
		items, err := s.sealAudit(ctx, h)
		added.Index = int64(h.auditLength() - 1)
		return items, err
	})
	if err != nil {
		return nil, err
	}
	added.Session = sess
	if sess.Replayed {
		return s.findEntry(ctx, sess, text)
	}
	return &added, nil
}

// findEntry returns the newest entry with a text, for a request that has added it before.
func (s *Service) findEntry(ctx context.Context, sess *Session, text string) (*AddedEntry, error) {
	log, err := s.Audit(ctx, sess, AuditSelection{Limit: 2 * auditChunk, NewestFirst: true})
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(log.Entries, func(e AuditEntry) bool { return e.Text == text })
	if at < 0 {
		return &AddedEntry{AuditEntry{s.now(), text}, -1, sess}, nil
	}
	return &AddedEntry{log.Entries[at], log.Total - 1 - int64(at), sess}, nil
}
