//go:build !js

package disk

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/sstable/blob"
	"github.com/cockroachdb/pebble/v2/sstable/block"
)

// referenceTo is a row whose value is in the value file number id of its table.
func referenceTo(key string, id int) row {
	value := make([]byte, 1+blob.MaxInlineHandleLength)
	value[0] = byte(block.BlobValueHandlePrefix(false, 0))
	handle := blob.InlineHandle{InlineHandlePreface: blob.InlineHandlePreface{ReferenceID: blob.ReferenceID(id), ValueLen: 5000}}
	n := handle.Encode(value[1:])
	return row{key: rowKey(key), value: value[:1+n], reference: true}
}

func rowKey(key string) (k sstable.InternalKey) {
	k.UserKey = []byte(key)
	setUint(&k.Trailer, 1<<8|uint64(pebble.InternalKeyKindSet))
	return k
}

// TestFillersStandAmongTheValues covers tables of which the first references are lost. Entries of the
// other spaces are read as a whole, so none of them may refer to a value file.
func TestFillersStandAmongTheValues(t *testing.T) {
	meta := row{key: rowKey("mitem"), value: []byte("meta")}
	for name, test := range map[string]struct {
		rows []row
		want []string
	}{
		"entries before":        {[]row{meta, referenceTo("vitem", 2)}, []string{"mitem", "v\x00", "v\x00\x00", "vitem"}},
		"nothing before":        {[]row{referenceTo("vitem", 1)}, []string{"v\x00", "vitem"}},
		"values before":         {[]row{referenceTo("va", 0), referenceTo("vb", 2)}, []string{"va", "va\x00", "vb"}},
		"no such value file":    {[]row{meta, referenceTo("vitem", 3)}, []string{"mitem"}},
		"all references in use": {[]row{referenceTo("va", 0), referenceTo("vb", 1)}, []string{"va", "vb"}},
	} {
		t.Run(name, func(t *testing.T) {
			cache := pebble.NewCache(MinCacheBytes)
			defer cache.Unref()
			s := newSalvager(engineOptions(cache, &guardFS{}, Options{}))
			path := filepath.Join(t.TempDir(), "mended.sst")
			if _, err := s.write(path, test.rows, 3, 16<<10); err != nil {
				t.Fatal(err)
			}
			if err := checkTable(s.o, path, true); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range s.rows(data) {
				got = append(got, string(r.key.UserKey))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("the table has %q, want %q", got, test.want)
			}
		})
	}
}
