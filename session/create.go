package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/uuid"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// maxFilename is the longest file name that a session keeps, in bytes.
const maxFilename = 1024

// Create stores t as a new session with that file name. A ttl of zero is the default. source may be nil.
func (s *Service) Create(ctx context.Context, t *codec.Table, filename string, ttl time.Duration, source SourceFunc) (*Session, error) {
	return s.create(kv.Fresh(ctx), filename, ttl, source, func(h *head, out *sealer) (*record.Version, error) {
		f := frame.FromTable(t, s.Limits())
		f.Context = ctx
		return s.storeFrame(h, nil, f, out)
	})
}

// create makes a session of the version that store returns.
func (s *Service) create(ctx context.Context, filename string, ttl time.Duration, source SourceFunc, store func(*head, *sealer) (*record.Version, error)) (*Session, error) {
	return s.createThen(ctx, filename, ttl, source, store, func(_ *head, items []kv.Item) ([]kv.Item, error) { return items, nil })
}

// createThen is create, and then makes further versions in the same commit. further gets what is to be stored for the
// first one, and returns what is to be stored for all.
func (s *Service) createThen(ctx context.Context, filename string, ttl time.Duration, source SourceFunc, store func(*head, *sealer) (*record.Version, error), further func(h *head, items []kv.Item) ([]kv.Item, error)) (*Session, error) {
	if ttl == 0 {
		ttl = s.opt.TTL
	}
	if err := checkTTL(ttl); err != nil {
		return nil, err
	}
	if err := checkFilename(filename); err != nil {
		return nil, err
	}
	now := s.now()
	h := &head{Head: record.Head{
		ID:          newID(ctx),
		Filename:    filename,
		Created:     now.UnixMilli(),
		TTL:         ttl.Milliseconds(),
		Lease:       now.Add(s.keep.segmentTTL(ttl)).UnixMilli(),
		NextVersion: 1,
		Owner:       callerOf(ctx).Actor,
	}, actor: callerOf(ctx).Actor}
	if keyOf(ctx) != nil {
		h.Epoch = newEpoch()
	}
	out := s.newSealer(ctx, h)
	out.keepBytes = s.keepBytes()
	ver, err := store(h, out)
	if err != nil {
		return nil, err
	}
	if source != nil {
		if err := s.describeSource(h, ver, source); err != nil {
			return nil, err
		}
	}
	rows := ver.Rows
	ver.RowsBefore, h.InitialRows = rows, rows
	h.push(ver, now, "Session created", s.opt.MaxVersions)
	first, err := record.NewStoredStep(record.Step{Version: ver.ID, Kind: record.StepCreate})
	if err != nil {
		return nil, err
	}
	h.setSteps([]record.StoredStep{first})
	h.log(now, fmt.Sprintf("Session created. Original file: '%s'. Initial rows: %d", filename, rows))
	items, err := further(h, out.items)
	if err != nil {
		return nil, err
	}
	sess, err := s.swapNew(ctx, &attempt{head: h, items: items})
	if errors.Is(err, ErrQuotaExceeded) {
		// What was stored while it arrived; errors are ignored, because it expires.
		_ = s.store.Delete(ctx, h.segmentKeys()...)
	}
	if err == nil {
		s.cacheKept(h, out.kept)
	}
	return sess, err
}

// newID returns the id of a new session.
func newID(ctx context.Context) string {
	if k := keyOf(ctx); k != nil {
		return k.NewID
	}
	return uuid.NewString()
}

// describeSource keeps what source says about the file of the first version.
func (s *Service) describeSource(h *head, ver *record.Version, source SourceFunc) error {
	schema, missing, err := s.schemaOf(h, ver)
	if err != nil {
		return err
	}
	document := source(schema, missing)
	if document == nil {
		return nil
	}
	h.setSource(ver, document)
	return checkSource(document)
}

// CheckNew returns the error of [Service.Create] for a file name or a schema that no session can have.
func CheckNew(schema *arrow.Schema, filename string) error {
	if err := checkFilename(filename); err != nil {
		return err
	}
	return checkColumns(schema.NumFields())
}

func checkColumns(columns int) error {
	if columns == 0 {
		return codec.Errorf(codec.ErrMalformed, "the table has no columns; it needs at least one")
	}
	return nil
}

func checkFilename(name string) error {
	if len(name) > maxFilename {
		return fail(ErrInvalidParameter, "a filename of %d bytes is not accepted; it may have at most %d", len(name), maxFilename)
	}
	if i := strings.IndexFunc(name, isControl); i >= 0 {
		return fail(ErrInvalidParameter, "the filename %q is not accepted; it has a control character at byte %d", name, i)
	}
	return nil
}

// isControl reports whether c is a control character of ASCII.
func isControl(c rune) bool { return c < 0x20 || c == 0x7f }
