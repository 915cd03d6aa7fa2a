package scalar_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/formats/formatstest"
	"edgeframe/codec/scalar"
)

// typeNames are the names that users may type, as Arrow prints them.
var typeNames = []string{
	"null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
	"float16", "float32", "float64", "utf8", "large_utf8", "binary", "large_binary", "date32", "date64",
	"time32[s]", "time32[ms]", "time64[us]", "time64[ns]",
	"timestamp[s]", "timestamp[ms]", "timestamp[us]", "timestamp[ns]",
	"timestamp[us, tz=UTC]", "timestamp[ns, tz=America/Mexico_City]", "timestamp[s, tz=+05:30]",
	"duration[s]", "duration[ms]", "duration[us]", "duration[ns]",
	"decimal(38, 10)", "decimal(1, -2)", "decimal256(76, 0)",
}

func TestTypesAreNamedAsTheyAreParsed(t *testing.T) {
	for _, name := range typeNames {
		dt, err := scalar.ParseDType(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := scalar.DType(dt); got != name {
			t.Errorf("%s is printed as %s", name, got)
		}
	}
}

func TestDecimal128IsAnotherNameOfDecimal(t *testing.T) {
	dt, err := scalar.ParseDType(" decimal128(10,2) ")
	if want := (&arrow.Decimal128Type{Precision: 10, Scale: 2}); err != nil || !arrow.TypeEqual(dt, want) {
		t.Errorf("the type is %v, %v", dt, err)
	}
}

func TestOtherTypeNamesAreRefusedWithThoseThatThereAre(t *testing.T) {
	for _, name := range []string{
		"", "int", "int128", "INT64", "string", "time32[us]", "time64[s]", "timestamp", "timestamp[m]", "timestamp[us, tz=]",
		"timestamp[us, tz=a b]", "duration", "decimal", "decimal(5)", "decimal(100, 2)", "list<item: int64>", "struct<a: int64>",
		"timestamp[us, tz=" + strings.Repeat("x", 65) + "]", "int64\x00",
	} {
		if dt, err := scalar.ParseDType(name); !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), "large_utf8") {
			t.Errorf("%q is %v, %v", name, dt, err)
		}
	}
	for _, name := range []string{"decimal(0, 0)", "decimal(39, 0)", "decimal256(77, 0)"} {
		if dt, err := scalar.ParseDType(name); !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), "precision") {
			t.Errorf("%q is %v, %v", name, dt, err)
		}
	}
}

func FuzzParseDType(f *testing.F) {
	for _, name := range typeNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		dt, err := scalar.ParseDType(name)
		if err != nil {
			formatstest.CheckKind(t, err, codec.ErrUnsupported)
			return
		}
		again, err := scalar.ParseDType(scalar.DType(dt))
		if err != nil || !arrow.TypeEqual(dt, again) {
			t.Errorf("%q is %s, which is read as %v, %v", name, scalar.DType(dt), again, err)
		}
	})
}
