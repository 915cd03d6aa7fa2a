//go:build js && wasm

package durableobjects

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/zeebo/xxh3"

	"edgeframe/kv"
)

// A value that is too large for an object is stored in the other driver, under its key and its hash. The
// object has a reference instead: the revision of the value and the key in the other driver.

// suffixBytes is by how much the key of a large value is longer than the key.
const suffixBytes = 1 + 32

// margin is how much longer a large value is stored than the reference to it.
const margin = time.Minute

func referenceTTL(ttl time.Duration) time.Duration {
	if ttl == 0 {
		return 0
	}
	return ttl + margin
}

// stored returns what an object stores for an item, and the options for that. A large value is stored in the
// other driver before.
func (d *Driver) stored(ctx context.Context, it kv.Item, ttl time.Duration) (value, options []byte, err error) {
	options = append(options, 'I')
	if it.Counted {
		options = append(options, 'C')
	}
	if len(it.Value) <= largest {
		return it.Value, options, nil
	}
	hash := xxh3.Hash128(it.Value).Bytes()
	large := kv.Item{Key: it.Key + "@" + hex.EncodeToString(hash[:]), Value: it.Value}
	if err := d.other.Set(ctx, []kv.Item{large}, referenceTTL(ttl)); err != nil {
		return nil, nil, err
	}
	revision := kv.RevisionOf(it.Value)
	return append(revision[:], large.Key...), append(options, 'R'), nil
}

// tries is how often a value is looked for in the place that its object names. Another commit may replace the
// value, and delete the one that was replaced, before it is read.
const tries = 3

// value returns the value for the answer of an object about a key.
func (d *Driver) value(ctx context.Context, name, key string, answer []byte) ([]byte, error) {
	for range tries {
		switch {
		case len(answer) == 0:
			return nil, nil
		case answer[0] == 'V':
			return answer[1:], nil
		}
		values, err := d.getOther(kv.Patient(ctx), referredTo([][]byte{answer[1:]}))
		if err != nil || values[0] != nil {
			return values[0], err
		}
		answers, err := d.call(ctx, name, "get", packKeys([]string{key}))
		if err != nil {
			return nil, err
		}
		if len(answers) != 1 {
			return nil, errResult
		}
		answer = answers[0]
	}
	return nil, fmt.Errorf("the large value of %q is not visible here yet", key)
}

// referredTo returns the keys in references.
func referredTo(references [][]byte) []string {
	keys := make([]string, len(references))
	for i, r := range references {
		if len(r) > kv.RevisionSize {
			keys[i] = string(r[kv.RevisionSize:])
		}
	}
	return keys
}

// dropReferences deletes what references refer to that were replaced. What cannot be deleted expires.
func (d *Driver) dropReferences(ctx context.Context, references [][]byte) {
	if len(references) > 0 {
		d.opt.Later(ctx, func(ctx context.Context) { _ = d.other.Delete(ctx, referredTo(references)) })
	}
}
