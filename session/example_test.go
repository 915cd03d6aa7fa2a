package session_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/compress"
	"edgeframe/codec/segment"
	"edgeframe/frame"
	"edgeframe/kv"
	kvmemory "edgeframe/kv/memory"
	"edgeframe/session"
)

// cities is a table of three rows.
func cities() *codec.Table {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "city", Type: arrow.BinaryTypes.String},
		{Name: "people", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"Lima", "Oslo", "Graz"}, nil)
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{10_000_000, 0, 300_000}, []bool{true, false, true})
	return &codec.Table{Schema: schema, RowGroups: []arrow.Record{b.NewRecord()}}
}

// printRows prints the first rows of the current version.
func printRows(ctx context.Context, sessions *session.Service, v *session.Session, rows int64) error {
	data, err := sessions.Read(ctx, v, session.Selection{Limit: rows})
	if err != nil {
		return err
	}
	defer data.Close()
	return codec.EachGroup(data.Open(nil), func(group arrow.Record) error {
		for i := range int(group.NumRows()) {
			fmt.Println(group.Column(0).ValueStr(i), group.Column(1).ValueStr(i))
		}
		return nil
	})
}

// fillAndUndo makes a session, fills its missing value, reads a page and takes the change back.
func fillAndUndo(ctx context.Context, sessions *session.Service) error {
	v, err := sessions.Create(ctx, cities(), "cities.csv", 0, nil)
	if err != nil {
		return err
	}
	ops, err := frame.ReadOperations(jsontext.NewDecoder(strings.NewReader(
		`[{"op":"fill_missing","columns":["people"],"method":"constant","value":700000}]`)))
	if err != nil {
		return err
	}
	// The client names the revision that it has seen, so that it never gets an older state.
	change := session.Change{Ref: session.Ref{ID: v.ID, After: v.Revision}, Summary: "Oslo is known"}
	if v, _, err = sessions.Edit(ctx, change, ops); err != nil {
		return err
	}
	fmt.Println("version", v.Current.ID, v.Current.Summary)
	if err := printRows(ctx, sessions, v, 2); err != nil {
		return err
	}
	if v, err = sessions.Undo(ctx, session.Change{Ref: session.Ref{ID: v.ID, After: v.Revision}}); err != nil {
		return err
	}
	fmt.Println("version", v.Current.ID, v.Current.Summary, v.CanRedo)
	return printRows(ctx, sessions, v, 2)
}

func ExampleService() {
	store := kv.New(kvmemory.New(), "")
	sessions := session.New(session.Options{
		Store:       store,
		MaxVersions: session.DefaultMaxVersions,
		Segment:     segment.Options{Method: segment.MethodArrow, Compression: compress.Snappy},
	})
	if err := fillAndUndo(context.Background(), sessions); err != nil {
		fmt.Println(err)
	}
	// Output:
	// version 2 Oslo is known
	// Lima 10000000
	// Oslo 700000
	// version 1 Session created true
	// Lima 10000000
	// Oslo (null)
}
