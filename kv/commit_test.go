package kv_test

import (
	"strings"
	"testing"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

// TestEveryKeyOfACommitHasTheHashTagOfTheSwap names a key of another hash tag in each part of
// a commit. A Redis Cluster keeps such keys on another machine, so the commit is refused whole.
func TestEveryKeyOfACommitHasTheHashTagOfTheSwap(t *testing.T) {
	const other = "{b}x"
	swap := kv.Item{Key: "{a}head", Value: revised}
	for part, c := range map[string]kv.Commit{
		"put":   {Swap: swap, Put: []kv.Item{{Key: "{a}x"}, {Key: other}}},
		"touch": {Swap: swap, Touch: []string{"{a}x", other}},
		"drop":  {Swap: swap, Drop: []string{"{a}x", other}},
		"get":   {Swap: swap, Get: []string{"{a}x", other}},
	} {
		t.Run(part, func(t *testing.T) {
			counting := kvtest.NewCounting(memory.New())
			values, err := kv.New(counting, "p").Commit(t.Context(), c)
			wantKind(t, err, kv.ErrInvalid)
			if err != nil && !strings.Contains(err.Error(), "between the braces") {
				t.Errorf("error %q does not say what is wrong", err)
			}
			if calls := counting.Total().Calls; calls != 0 || values != nil {
				t.Errorf("the engine was called %d times, the values are %q", calls, values)
			}
		})
	}
}
