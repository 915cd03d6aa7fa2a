package api

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/frame"
	"edgeframe/session"
)

// readEdit reads the document of an edit: its operations and, into c, its summary and the operations as they were
// sent.
func readEdit(w http.ResponseWriter, r *http.Request, limit int64, c *session.Change) (ops []frame.Operation, err error) {
	sent := newSentBody(r)
	r.Body = sent
	err = streamDocument(w, r, limit, func(dec *jsontext.Decoder, name string) (err error) {
		switch {
		case strings.EqualFold(name, "action_summary"):
			return textMember(dec, "action_summary", &c.Summary)
		case strings.EqualFold(name, "operations"):
			from := dec.InputOffset()
			ops, err = frame.ReadOperations(dec)
			c.Operations = sent.value(from, dec.InputOffset())
			return err
		}
		return unknownMember(name, "action_summary", "operations")
	})
	if err == nil && len(ops) == 0 {
		err = frame.ErrNoOperations
	}
	return ops, err
}

// readMarks reads a document of marks: lists of rows by the names of columns.
func readMarks(w http.ResponseWriter, r *http.Request, limit int64) (frame.Marks, error) {
	var marks frame.MarksReader
	err := streamDocument(w, r, limit, marks.Read)
	return marks.Marks, err
}

// maxPreviewRows is the largest number of rows that a dry run shows.
const maxPreviewRows = 1000

// previewOptions reads what a request wants to see of a dry run.
func previewOptions(q url.Values, dry bool) (opt frame.PreviewOptions, err error) {
	for _, name := range []string{"samples", "preview_rows"} {
		if q.Has(name) && !dry {
			return opt, badParameter("%s is for dry_run=true", name)
		}
	}
	samples, err := integer(q, "samples", frame.DefaultSamples, 1, frame.MostSamples)
	if err != nil {
		return opt, err
	}
	rows, err := integer(q, "preview_rows", 0, 0, maxPreviewRows)
	return frame.PreviewOptions{Samples: int(samples), Rows: int(rows)}, err
}

// previewDocument has the first rows of a result.
func previewDocument(t *codec.Table) (object, error) {
	rows := &boundedBuffer{left: maxPreviewBytes}
	if err := formats.ByName("json").Encode(rows, t, codec.WriteOptions{}); err != nil {
		return nil, err
	}
	return object{{"columns", columnNames(t.Schema)}, {"dtypes", dtypes(t.Schema)}, {"data", json.RawMessage(rows.Bytes())}}, nil
}

// dryRun answers with what operations would change.
func (s *server) dryRun(w http.ResponseWriter, r *http.Request, c session.Change, ops []frame.Operation, opt frame.PreviewOptions) error {
	p, err := s.Sessions.DryRun(r.Context(), c, ops, opt)
	if err != nil {
		return err
	}
	doc := dryRunDocument(p)
	if p.Head != nil {
		preview, err := previewDocument(p.Head)
		if err != nil {
			return err
		}
		doc = append(doc, member{"preview", preview})
	}
	setState(w, p.Session)
	return writeJSON(w, http.StatusOK, doc)
}

func dryRunDocument(p *session.Preview) object {
	return object{
		{"session_id", p.Session.ID},
		{"dry_run", true},
		{"rows_before", p.RowsBefore},
		{"rows_after", p.RowsAfter},
		{"columns_before", p.ColumnsBefore},
		{"columns_after", p.ColumnsAfter},
		{"columns_changed", p.Changed},
		{"rows_affected", p.RowsAffected},
		{"share_lost", share(p.RowsRemoved, p.RowsBefore)},
		{"operations", effectDocuments(p.Effects)},
		{"statistics", statisticsDocument(p.Statistics)},
		{"samples", sampleDocuments(p.Samples)},
	}
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// effectDocuments describes what each operation has done.
func effectDocuments(effects []frame.Effect) []object {
	docs := make([]object, len(effects))
	for i, e := range effects {
		docs[i] = object{{"op", e.Op}, {"rows", e.Rows}, {"cells", e.Cells}, {"coerced", e.Coerced}}
	}
	return docs
}

func statisticsDocument(columns []frame.ColumnStatistics) object {
	doc := make(object, len(columns))
	for i, c := range columns {
		doc[i] = member{c.Name, object{{"before", statisticDocument(c.Before)}, {"after", statisticDocument(c.After)}}}
	}
	return doc
}

func statisticDocument(s frame.Statistics) object {
	return object{{"mean", finite(s.Mean)}, {"std", finite(s.Std)}, {"missing", s.Missing}}
}

// finite returns f, or nil, which is null in JSON, if f is NaN or infinite.
func finite(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

func sampleDocuments(samples []frame.Sample) []object {
	docs := make([]object, len(samples))
	for i, s := range samples {
		after := json.RawMessage("null")
		if s.After != nil {
			after = s.After
		}
		docs[i] = object{{"row", s.Row}, {"column", s.Column}, {"before", json.RawMessage(s.Before)}, {"after", after}, {"removed", s.After == nil}}
	}
	return docs
}
