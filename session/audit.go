package session

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// The head holds the newest entries of the audit log. When there are auditChunk of them they move
// into a segment, so that the cost of a commit does not depend on the length of the log.
const auditChunk = 128

// The limits of the audit log.
const (
	maxAuditEntry  = 2000 // bytes
	maxAuditChunks = 1000
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
	h.Audit = append(h.Audit, record.AuditEntry{Time: now.UnixMilli(), Text: text})
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
func (s *Service) sealAudit(h *head) ([]kv.Item, error) {
	out := s.newSealer(h)
	err := h.sealAudit(out)
	return out.items, err
}

// Audit returns the audit log, oldest entry first, and the number of rows that the session was
// created with. Like the data of [Service.Read], the log may be newer than sess.
func (s *Service) Audit(ctx context.Context, sess *Session) (entries []AuditEntry, initialRows int64, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		entries, err = s.audit(ctx, sess.head)
		return err
	})
	return entries, sess.head.InitialRows, err
}

func (s *Service) audit(ctx context.Context, h *head) (entries []AuditEntry, err error) {
	fetched, err := s.fetch(ctx, h, h.AuditChunks)
	if err != nil {
		return nil, err
	}
	for _, r := range h.AuditChunks {
		fields := fetched[r]
		times, texts := fields[0].(*array.Int64), fields[1].(*array.String)
		for i := range times.Len() {
			entries = append(entries, AuditEntry{clock(times.Value(i)), texts.Value(i)})
		}
	}
	for _, e := range h.Audit {
		entries = append(entries, AuditEntry{clock(e.Time), e.Text})
	}
	return entries, nil
}

// AddAudit adds an entry to the audit log.
func (s *Service) AddAudit(ctx context.Context, c Change, text string) (*Session, error) {
	if text == "" || len(text) > maxAuditEntry {
		return nil, fail(ErrInvalidParameter, "an audit entry of %d bytes is not accepted; it must have 1 to %d", len(text), maxAuditEntry)
	}
	return s.commit(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		h.log(s.now(), text)
		return s.sealAudit(h)
	})
}
