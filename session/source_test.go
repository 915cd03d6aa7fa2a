package session

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/codectest"
)

// A source comes back as it was given, whether it is stored as it is or packed.
func TestSourcesComeBack(t *testing.T) {
	for _, document := range []string{
		`{}`,
		`{"filename":"` + strings.Repeat("a", 123-len(`{"filename":""}`)) + `"}`,
		`{"columns":{` + strings.TrimSuffix(strings.Repeat(`"c":{"dtype":"int64"},`, 50), ",") + `}}`,
		`{"filename":"` + strings.Repeat("r", MaxSource-len(`{"filename":""}`)) + `"}`,
	} {
		s := newHarness(t).Service
		sess, err := s.Create(context.Background(), codectest.Generate(3, 2, 1), "t.csv", 0, func(*arrow.Schema, []int64) []byte { return []byte(document) })
		if err != nil {
			t.Fatal(err)
		}
		sess, err = s.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)
		if err != nil {
			t.Fatal(err)
		}
		got, err := sess.Current.Source.Document()
		if err != nil || string(got) != document {
			t.Errorf("%d bytes: got %.200s, %v", len(document), got, err)
		}
		if stored := len(sess.Current.Source.stored); len(document) > 500 && stored > len(document)/5 {
			t.Errorf("%d bytes are stored as %d", len(document), stored)
		}
	}
}

// A head may have been damaged before its checksum was made.
func TestDamagedSources(t *testing.T) {
	packed := string(pack([]byte(`{"filename":"` + strings.Repeat("a", 1000) + `"}`)))
	for _, stored := range []string{"", "\xff", packed[:len(packed)-1], packed + "x", "\xff\xff\xff\xff\x0f" + packed, "\x05abc"} {
		_, err := (&Source{Version: 1, session: "s", stored: []byte(stored)}).Document()
		if got, ok := errors.AsType[*Error](err); !ok || got.Kind != ErrCorrupt {
			t.Errorf("%q: %v", stored, err)
		}
	}
}
