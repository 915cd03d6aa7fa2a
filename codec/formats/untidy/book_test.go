//go:build !js

package untidy

import (
	"testing"

	"edgeframe/internal/testenv"
)

// makeBooks writes workbooks with openpyxl, reads them with pandas.read_excel, and prints both.
const makeBooks = script + `
import re
import openpyxl

def value(s):
    if s == "":
        return None
    if s.startswith("'"):
        return s[1:]
    if s in ("True", "False"):
        return s == "True"
    if re.fullmatch(r"\d{4}-\d\d-\d\d", s):
        return datetime.date.fromisoformat(s)
    if re.fullmatch(r"\d\d:\d\d:\d\d", s):
        return datetime.time.fromisoformat(s)
    for number in (int, float):
        try:
            return number(s)
        except ValueError:
            pass
    return s.replace("\\n", "\n")

out = []
for book in json.load(sys.stdin):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for s in book["sheets"]:
        sheet = made.create_sheet(s["name"])
        for r, row in enumerate(s["rows"].split("\n")):
            for c, text in enumerate(row.split("|")):
                v = value(text)
                if v is not None:
                    sheet.cell(r + 1, c + 1, v)
        for block in s["merges"] or []:
            sheet.merge_cells(block)
        if s["hidden"]:
            sheet.sheet_state = "hidden"
    data = io.BytesIO()
    made.save(data)
    frame = pandas.read_excel(io.BytesIO(data.getvalue()), **book["options"])
    if frame.columns.nlevels > 1:
        frame.columns = [" ".join(name(part) for part in parts if not str(part).startswith("Unnamed: ")) for parts in frame.columns]
    out.append({"data": base64.b64encode(data.getvalue()).decode(), "table": table(frame)})
print(json.dumps(out))
`

func TestUntidyWorkbooksAreReadAsPandasReadsThem(t *testing.T) {
	type sentSheet struct {
		Name   string   `json:"name"`
		Rows   string   `json:"rows"`
		Merges []string `json:"merges"`
		Hidden bool     `json:"hidden"`
	}
	type sent struct {
		Sheets  []sentSheet `json:"sheets"`
		Options options     `json:"options"`
	}
	var (
		books []book
		asked []sent
	)
	for _, group := range [][]book{exports, reports} {
		for _, b := range group {
			books = append(books, b)
			s := sent{Options: b.pandas}
			if s.Options == nil {
				s.Options = options{}
			}
			for _, sheet := range b.sheets {
				s.Sheets = append(s.Sheets, sentSheet{sheet.name, sheet.rows, sheet.merges, sheet.hidden})
			}
			asked = append(asked, s)
		}
	}
	var read []struct {
		Data  []byte  `json:"data"`
		Table [][]any `json:"table"`
	}
	testenv.Python(t, makeBooks, asked, &read)
	for i, b := range books {
		t.Run(b.name, func(t *testing.T) {
			got, err := decode(t, "xlsx", read[i].Data, b.given)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, read[i].Table, got)
		})
	}
}
