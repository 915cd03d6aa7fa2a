//go:build !js

package untidy

import (
	"net/url"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/internal/testenv"
)

// readCSV reads texts with pandas.read_csv and prints their names and cells.
const readCSV = script + `
tables = []
for text in json.load(sys.stdin):
    options = {"float_precision": "round_trip", "encoding": text["encoding"], **text["options"]}
    if options.get("engine") == "python":
        del options["float_precision"]
    frame = pandas.read_csv(io.BytesIO(base64.b64decode(text["data"])), **options)
    if not isinstance(frame.index, pandas.RangeIndex):
        frame = frame.reset_index(names="Unnamed: 0")
    tables.append(table(frame))
print(json.dumps(tables))
`

func (f textFile) data(t *testing.T) []byte {
	t.Helper()
	out, err := f.text, error(nil)
	switch f.encoding {
	case "windows-1252":
		out, err = charmap.Windows1252.NewEncoder().String(out)
	case "utf-16le":
		out, err = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return []byte(out)
}

// decode reads a file as an upload with parameters does.
func decode(t *testing.T, format string, data []byte, given string) (*codec.Table, error) {
	t.Helper()
	f := formats.ByName(format)
	query, err := url.ParseQuery(given)
	if err != nil {
		t.Fatal(err)
	}
	var opt codec.ReadOptions
	if opt.Options, err = f.Reading.Options(codec.Values(query)); err != nil {
		return nil, err
	}
	return f.Decode(data, opt)
}

func TestUntidyTextIsReadAsPandasReadsIt(t *testing.T) {
	type sent struct {
		Data     []byte  `json:"data"`
		Encoding string  `json:"encoding"`
		Options  options `json:"options"`
	}
	var (
		files []textFile
		texts []sent
	)
	for _, group := range [][]textFile{portals, programs, instruments, banks} {
		for _, f := range group {
			files = append(files, f)
			s := sent{f.data(t), f.encoding, f.pandas}
			if f.plain != "" {
				s.Data = []byte(f.plain)
			}
			if s.Encoding == "" {
				s.Encoding = "utf-8-sig"
			}
			if s.Options == nil {
				s.Options = options{}
			}
			texts = append(texts, s)
		}
	}
	var read [][][]any
	testenv.Python(t, readCSV, texts, &read)
	for i, f := range files {
		t.Run(f.name, func(t *testing.T) {
			got, err := decode(t, "csv", f.data(t), f.given)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, read[i], got)
		})
	}
}
