package kv_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

func TestTheDriverOfTheExampleKeepsTheContract(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Driver { return newMapDriver() })
}

// revision makes a value that begins with a revision, which is what a swap compares.
func revision(name, text string) (kv.Revision, []byte) {
	var r kv.Revision
	copy(r[:], name)
	return r, append(r[:], text...)
}

func ExampleStore() {
	ctx := context.Background()
	store := kv.New(memory.New(), "app")
	defer store.Close()

	// Values without a writer of their own are set, several in one round trip.
	items := []kv.Item{{Key: "user:1", Value: []byte("Ada")}, {Key: "user:2", Value: []byte("Grace")}}
	if err := store.SetMany(ctx, items, time.Hour); err != nil {
		fmt.Println(err)
	}
	values, err := store.GetMany(ctx, []string{"user:2", "user:3"})
	fmt.Printf("%s, %v, %v\n", values[0], values[1] == nil, err)

	// A value that several writers change begins with a revision and is swapped. A writer that
	// has read an older revision gets a conflict, reads again and repeats its change.
	first, value := revision("1", "draft")
	fmt.Println(store.CompareAndSwap(ctx, kv.Item{Key: "page", Value: value}, kv.Revision{}, time.Hour))
	_, value = revision("2", "final")
	fmt.Println(store.CompareAndSwap(ctx, kv.Item{Key: "page", Value: value}, first, time.Hour))
	err = store.CompareAndSwap(ctx, kv.Item{Key: "page", Value: value}, first, time.Hour)
	fmt.Println(errors.Is(err, kv.ErrConflict))

	// A listing goes on while there is a cursor.
	for cursor := ""; ; {
		page, err := store.ListKeys(ctx, "user:", cursor, 1)
		fmt.Println(page.Keys, err)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	// Output:
	// Grace, true, <nil>
	// <nil>
	// <nil>
	// true
	// [user:1] <nil>
	// [user:2] <nil>
}
