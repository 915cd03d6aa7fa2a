package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/dgraph-io/badger/v4"
	"go.etcd.io/bbolt"
)

const cacheBytes = 64 << 20

type pebbleStore struct{ db *pebble.DB }

func openPebble(dir string, always bool) (store, error) {
	return newPebble(dir, always, func(*pebble.Options) {})
}

// openPebbleBlobs stores large values separately from the keys, so that compactions do not rewrite
// them.
func openPebbleBlobs(dir string, always bool) (store, error) {
	return newPebble(dir, always, func(o *pebble.Options) {
		o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
			return pebble.ValueSeparationPolicy{
				Enabled:               true,
				MinimumSize:           1 << 10,
				MaxBlobReferenceDepth: 10,
				TargetGarbageRatio:    0.25,
			}
		}
	})
}

func newPebble(dir string, always bool, tune func(*pebble.Options)) (store, error) {
	o := &pebble.Options{
		FormatMajorVersion: pebble.FormatNewest,
		MemTableSize:       16 << 20,
		FS:                 vfs.Default,
		Logger:             quiet{},
	}
	o.CacheSize = cacheBytes
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	if !always {
		o.FS = lazyLog{vfs.Default}
	}
	tune(o)
	db, err := pebble.Open(dir, o)
	return &pebbleStore{db}, err
}

func (s *pebbleStore) write(put map[string][]byte, del []string) error {
	b := s.db.NewBatch()
	defer b.Close()
	for k, v := range put {
		if err := b.Set([]byte(k), v, nil); err != nil {
			return err
		}
	}
	for _, k := range del {
		if err := b.Delete([]byte(k), nil); err != nil {
			return err
		}
	}
	return b.Commit(pebble.Sync)
}

func (s *pebbleStore) read(key string) ([]byte, error) {
	v, closer, err := s.db.Get([]byte(key))
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	return slices.Clone(v), nil
}

func (s *pebbleStore) settle() error {
	return s.db.Compact(context.Background(), []byte{0}, []byte{0xff}, true)
}
func (s *pebbleStore) close() error { return s.db.Close() }

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(string, ...any) { panic("fatal") }

// lazyLog writes logs to the operating system immediately and never waits for the disk.
type lazyLog struct{ vfs.FS }

func (fs lazyLog) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	if err == nil && strings.HasSuffix(name, ".log") {
		f = lazyFile{f}
	}
	return f, err
}

func (fs lazyLog) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.ReuseForWrite(from, to, c)
	if err == nil && strings.HasSuffix(to, ".log") {
		f = lazyFile{f}
	}
	return f, err
}

type lazyFile struct{ vfs.File }

func (lazyFile) Sync() error                { return nil }
func (lazyFile) SyncData() error            { return nil }
func (lazyFile) SyncTo(int64) (bool, error) { return false, nil }

type boltStore struct{ db *bbolt.DB }

var bucket = []byte("b")

func openBolt(dir string, always bool) (store, error) {
	db, err := bbolt.Open(dir+"/bolt", 0o600, &bbolt.Options{NoSync: !always, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucketIfNotExists(bucket); return err })
	return &boltStore{db}, err
}

func (s *boltStore) write(put map[string][]byte, del []string) error {
	change := func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		for k, v := range put {
			if err := b.Put([]byte(k), v); err != nil {
				return err
			}
		}
		for _, k := range del {
			if err := b.Delete([]byte(k)); err != nil {
				return err
			}
		}
		return nil
	}
	if s.db.NoSync {
		return s.db.Update(change)
	}
	return s.db.Batch(change)
}

func (s *boltStore) read(key string) (v []byte, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		v = slices.Clone(tx.Bucket(bucket).Get([]byte(key)))
		return nil
	})
	return v, err
}

func (s *boltStore) settle() error { return nil }
func (s *boltStore) close() error  { return s.db.Close() }

type badgerStore struct{ db *badger.DB }

func openBadger(dir string, always bool) (store, error) {
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(always).
		WithBlockCacheSize(cacheBytes).WithMemTableSize(16 << 20).WithValueThreshold(1 << 10).
		WithValueLogFileSize(64 << 20).WithCompression(0))
	return &badgerStore{db}, err
}

func (s *badgerStore) write(put map[string][]byte, del []string) error {
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	for k, v := range put {
		if err := txn.Set([]byte(k), v); err != nil {
			return err
		}
	}
	for _, k := range del {
		if err := txn.Delete([]byte(k)); err != nil {
			return err
		}
	}
	return txn.Commit()
}

func (s *badgerStore) read(key string) (v []byte, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get([]byte(key))
		if err != nil {
			return err
		}
		v, err = item.ValueCopy(nil)
		return err
	})
	return v, err
}

func (s *badgerStore) settle() error {
	if err := s.db.Flatten(2); err != nil {
		return err
	}
	for {
		err := s.db.RunValueLogGC(0.25)
		if errors.Is(err, badger.ErrNoRewrite) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *badgerStore) close() error { return s.db.Close() }
