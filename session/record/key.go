package record

import (
	"fmt"
	"strings"
)

// LifetimePrefix is what the keys of lifetimes begin with.
const LifetimePrefix = "live:"

// KeyPrefix is what all keys of a session begin with, except that of its lifetime. The braces
// keep them in one slot of a Redis Cluster.
func KeyPrefix(id string) string { return "{" + id + "}:" }

// HeadKey is the key of a session's head.
func HeadKey(id string) string { return KeyPrefix(id) + "head" }

// MovingKey is the key of the note about the move of a session into another store: its [Moving].
func MovingKey(id string) string { return KeyPrefix(id) + "moving" }

// IsMovingKey reports whether a key, with any prefix, is that of such a note.
func IsMovingKey(key string) bool { return strings.HasSuffix(key, "}:moving") }

// IsHead reports whether a key, with any prefix, is that of a head.
func IsHead(key string) bool { return strings.HasSuffix(key, "}:head") }

// HeadCopyKey is the key of the copy of the head that the commit t has made.
func HeadCopyKey(id string, t Token) string { return KeyPrefix(id) + "head:" + t.String() }

// LifetimeKey is the key of a session's [Lifetime].
func LifetimeKey(id string) string { return LifetimePrefix + "{" + id + "}" }

// SegmentKey is the key of a segment.
func SegmentKey(id string, r SegmentRef) string {
	return fmt.Sprintf("%sseg:%x-%x", KeyPrefix(id), r.Hash, r.Born)
}

// StatisticsKey is the key of the statistics of what has the given hash. format is the version
// of their computation and of their document.
func StatisticsKey(id string, format int, hash [16]byte) string {
	return fmt.Sprintf("%sstat:%d.%d-%x", KeyPrefix(id), statisticsFormat, format, hash)
}

// Immutable reports whether the value under a key never changes, so that it may be cached: that
// of a segment, of statistics or of the copy of a head. key may have a prefix.
func Immutable(key string) bool {
	return strings.Contains(key, "}:seg:") || strings.Contains(key, "}:stat:") || strings.Contains(key, "}:head:")
}
