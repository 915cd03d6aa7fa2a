package session

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/session/record"
)

func TestASelectionOfRowsIsWhatItSays(t *testing.T) {
	m := &manifest{Groups: []record.RowGroup{{Rows: 5}, {Rows: 5}, {Rows: 2}}}
	for _, tc := range []struct {
		name          string
		offset, limit int64
		want          []groupRange
	}{
		{"all", 0, -1, []groupRange{{0, 0, 5}, {1, 0, 5}, {2, 0, 2}}},
		{"none", 0, 0, nil},
		{"within a group", 1, 3, []groupRange{{0, 1, 4}}},
		{"to the end of a group", 1, 4, []groupRange{{0, 1, 5}}},
		{"over groups", 4, 3, []groupRange{{0, 4, 5}, {1, 0, 2}}},
		{"from a later group", 7, 100, []groupRange{{1, 2, 5}, {2, 0, 2}}},
		{"all from an offset", 3, -1, []groupRange{{0, 3, 5}, {1, 0, 5}, {2, 0, 2}}},
		{"the largest limit", 3, math.MaxInt64, []groupRange{{0, 3, 5}, {1, 0, 5}, {2, 0, 2}}},
		{"past the end", 12, 10, nil},
		{"far past the end", math.MaxInt64, math.MaxInt64, nil},
	} {
		if got := m.cut(tc.offset, tc.limit); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestAColumnCannotBeSelectedTwice(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	_, err := h.Read(context.Background(), sess, Selection{Columns: []string{"column_1", "column_2", "column_1"}, Limit: -1})
	wantKind(t, err, ErrInvalidParameter)
}

func TestASchemaThatHeadsCannotCarryIsRefused(t *testing.T) {
	big := arrow.NewMetadata([]string{"k"}, []string{string(make([]byte, maxSchemaBytes))})
	table := &codec.Table{Schema: arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, &big)}
	h := newHarness(t)
	_, err := h.Create(context.Background(), table, "", 0, nil)
	wantKind(t, err, codec.ErrTooLarge)
	if keys := h.segmentKeys(); len(keys) != 0 {
		t.Errorf("a refused table left %d segments", len(keys))
	}
}
