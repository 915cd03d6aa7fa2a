package delimited

import (
	"errors"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

func TestDatesOfDelimitedTextAreReadInTheirFormat(t *testing.T) {
	opt := codec.ReadOptions{DTypes: codectest.DTypes(t, "day=date32"), TimeFormats: map[string]string{"day": "%d/%m/%Y"}}
	table, err := CSV.Decode([]byte("day,n\n31/01/2020,1\n1/2/2020,2\nNA,3\n"), opt)
	if err != nil {
		t.Fatal(err)
	}
	// Only the second date is spelled otherwise than the format spells it, and NA becomes an empty cell.
	if got := columnText(table, 0); got != "2020-01-31 2020-02-01 null" || table.Receipt.Changed[0] != 2 {
		t.Errorf("%s, %d changed", got, table.Receipt.Changed[0])
	}
	_, err = CSV.Decode([]byte("day,n\n31/01/2020,1\n2020-02-01,2\n"), opt)
	if !errors.Is(err, codec.ErrMismatch) || err.Error() != `line 3, column "day": "2020-02-01" does not fit date32` {
		t.Errorf("%v", err)
	}
	opt.Strict = true
	if _, err := CSV.Decode([]byte("day,n\n31/01/2020,1\n"), opt); err != nil {
		t.Errorf("strict reading refuses a date in its format: %v", err)
	}
}

func TestAppendedTextIsReadByTheTypesOfTheTable(t *testing.T) {
	opt := codec.ReadOptions{Into: codectest.DTypes(t, "code=utf8", "at=timestamp[us]", "ok=bool", "absent=int8")}
	table, err := CSV.Decode([]byte("code,at,ok,new\n2.50,2020-01-01,1,7\nTrue,2020-01-02T10:00,False,8\n1e5,,,9\n"), opt)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range table.Schema.NumFields() {
		got = append(got, scalar.DType(table.Schema.Field(i).Type)+": "+columnText(table, i))
	}
	want := "utf8: 2.50 True 1e5; timestamp[us]: 2020-01-01T00:00:00 2020-01-02T10:00:00 null; bool: true false null; int64: 7 8 9"
	if got := strings.Join(got, "; "); strings.ReplaceAll(got, `"`, "") != want {
		t.Errorf("%s, want %s", got, want)
	}
	_, err = CSV.Decode([]byte("code,ok\n1,true\n2,maybe\n"), opt)
	if !errors.Is(err, codec.ErrMismatch) || err.Error() != `line 3, column "ok": "maybe" does not fit bool` {
		t.Errorf("%v", err)
	}
}
