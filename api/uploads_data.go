package api

import (
	"encoding/json"
	"io"
	"math"
	"net/http"

	"edgeframe/codec"
	"edgeframe/codec/formats"
)

// getSheet answers with rows of a sheet of a workbook that waits for the choice of its sheets: of the
// suggested one if the request names none. The workbook is read anew for each page.
func (s *server) getSheet(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if n := len(q["sheet_name"]); n > 1 {
		return badParameter("sheet_name is given %d times; give it once", n)
	}
	offset, err := integer(q, "offset", 0, 0, math.MaxInt64)
	if err != nil {
		return err
	}
	limit, err := integer(q, "limit", defaultLimit, 0, maxLimit)
	if err != nil {
		return err
	}
	staged, note, err := s.staged(r)
	if err != nil {
		return err
	}
	up, err := s.stagedFile(r, staged, note)
	if err != nil {
		return err
	}
	if err := begin(r, ""); err != nil {
		return err
	}
	sheet := q.Get("sheet_name")
	if !q.Has("sheet_name") {
		if sheet, err = note.suggested(); err != nil {
			return err
		}
	}
	up.form.Set("sheet_name", sheet)
	table, err := s.table(up)
	if err != nil {
		return err
	}
	page := rowsOf(table, offset, limit)
	linkNext(w.Header(), r.URL, 0, offset, page.NumRows(), table.NumRows(), limit)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	head := encodeJSON(object{
		{"temp_id", staged.ID},
		{"sheet_name", sheet},
		{"total_rows", table.NumRows()},
		{"offset", offset},
		{"returned_rows", page.NumRows()},
		{"columns", columnNames(table.Schema)},
		{"dtypes", dtypes(table.Schema)},
	})
	rows := &dataRequest{format: formats.ByName("json")}
	return s.writeSpooled(w, r, func(out io.Writer) error {
		if _, err := out.Write(append(head[:len(head)-1], `,"data":`...)); err != nil {
			return err
		}
		if err := rows.encode(out, page); err != nil {
			return err
		}
		_, err := out.Write([]byte{'}'})
		return err
	}, nil)
}

// suggested returns the name of the suggested sheet.
func (n stagedNote) suggested() (string, error) {
	var sheets []struct {
		Name      string `json:"name"`
		Suggested bool   `json:"is_suggested"`
	}
	if err := json.Unmarshal(n.Sheets, &sheets); err != nil {
		return "", err
	}
	for _, s := range sheets {
		if s.Suggested {
			return s.Name, nil
		}
	}
	return "", badParameter("sheet_name is missing; no sheet of the upload is suggested")
}

// rowsOf returns at most limit rows of a table, from offset on.
func rowsOf(t *codec.Table, offset, limit int64) *codec.Table {
	page := &codec.Table{Schema: t.Schema}
	for _, g := range t.RowGroups {
		from := min(offset, g.NumRows())
		to := from + min(limit, g.NumRows()-from)
		if from < to {
			page.RowGroups = append(page.RowGroups, g.NewSlice(from, to))
		}
		offset -= from
		limit -= to - from
	}
	return page
}
