package document

import (
	"errors"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

func TestAppendedDocumentsAreReadByTheTypesOfTheTable(t *testing.T) {
	opt := codec.ReadOptions{Into: codectest.DTypes(t, "code=utf8", "n=int64", "at=timestamp[us]", "x=float64", "absent=bool")}
	table, err := JSON.Decode([]byte(`[{"code":2.50,"n":"9007199254740993","at":"2020-01-01","x":"0.5"},{"code":true,"n":7,"at":null,"x":1}]`), opt)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`["2.50","true"]`, `[9007199254740993,7]`, `["2020-01-01T00:00:00",null]`, `[0.5,1.0]`} {
		if got := codectest.JSONArray(table.RowGroups[0].Column(i)); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
	for document, says := range map[string]string{
		`[{"x":0.7},{"x":"n/k"},{"x":"y"}]`: `row 2, column "x": "n/k" does not fit float64`,
		`[{"n":true}]`:                      `row 1, column "n": true does not fit int64`,
		`[{"n":1.5}]`:                       `row 1, column "n": 1.5 does not fit int64`,
	} {
		if _, err := JSON.Decode([]byte(document), opt); !errors.Is(err, codec.ErrMismatch) || err.Error() != says {
			t.Errorf("%s: %v, want %s", document, err, says)
		}
	}
}

func TestDTypesOfDocumentsAreReadAsCastReadsText(t *testing.T) {
	for _, tt := range []struct {
		dtype, format, values, want string
		changed                     int64
	}{
		{"int64", "", `["01234","7"]`, `[1234,7]`, 1},
		{"bool", "", `["1","false"]`, `[true,false]`, 1},
		{"bool", "", `[1,0]`, `[true,false]`, 2},
		{"timestamp[us]", "", `["2020-01-01"]`, `["2020-01-01T00:00:00"]`, 1},
		{"date32", "%d/%m/%Y", `["31/01/2020","1/2/2020"]`, `["2020-01-31","2020-02-01"]`, 1},
		{"date32", "%Y%m%d", `[20200131]`, `["2020-01-31"]`, 1},
		{"timestamp[ms]", "epoch[ms]", `[1580515200123,1580515200000.0]`, `["2020-02-01T00:00:00.123","2020-02-01T00:00:00"]`, 2},
	} {
		document := `{"a":` + tt.values + `}`
		opt := codec.ReadOptions{DTypes: codectest.DTypes(t, "a="+tt.dtype), TimeFormats: map[string]string{"a": tt.format}}
		table, err := JSON.Decode([]byte(document), opt)
		if err != nil {
			t.Errorf("%s as %s: %v", tt.values, tt.dtype, err)
			continue
		}
		if got := codectest.JSONArray(table.RowGroups[0].Column(0)); got != tt.want || scalar.DType(table.Schema.Field(0).Type) != tt.dtype {
			t.Errorf("%s as %s: %s, want %s", tt.values, tt.dtype, got, tt.want)
		}
		var changed int64
		if table.Receipt.Changed != nil {
			changed = table.Receipt.Changed[0]
		}
		if changed != tt.changed {
			t.Errorf("%s as %s: %d are changed, want %d", tt.values, tt.dtype, changed, tt.changed)
		}
		opt.Strict = true
		if _, err := JSON.Decode([]byte(document), opt); (err != nil) != (tt.changed > 0) {
			t.Errorf("%s as %s: strict reading says %v", tt.values, tt.dtype, err)
		}
	}
}
