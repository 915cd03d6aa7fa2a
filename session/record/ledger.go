package record

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/zeebo/xxh3"

	"edgeframe/kv"
)

// Ledger is the record of which sessions an actor has, by which quotas are checked. It may be wrong: a session may end
// without being taken out of it. So every entry says when the head of the session has to be looked at.
type Ledger struct {
	Revision Token
	// Entries are in the order in which they were added.
	Entries []LedgerEntry
}

// LedgerEntry is a session in a [Ledger].
type LedgerEntry struct {
	Session uuid.UUID
	// Bytes is what the segments of all versions of the session take in the store.
	Bytes int64
	// Due is when the head has to be looked at, in Unix milliseconds.
	Due int64
}

const ledgerPrefix = "quota:{"

// LedgerKey is the key of the ledger of an actor. It has a hash of the actor's name, which may be of any length.
func LedgerKey(actor string) string {
	hash := sha256.Sum256([]byte(actor))
	return ledgerPrefix + hex.EncodeToString(hash[:16]) + "}"
}

// IsLedger reports whether a key, with any prefix, is that of a ledger.
func IsLedger(key string) bool { return strings.Contains(key, ":"+ledgerPrefix) }

// The stored form of a ledger: the revision, by which the store compares and swaps; the format version, one byte; XXH3
// of what follows, 8 bytes; for each entry the id of the session, Bytes and Due, 8 bytes each. Integers are big-endian.
const (
	ledgerFormat = 1
	ledgerHead   = kv.RevisionSize + 1 + 8
	ledgerEntry  = 16 + 8 + 8
)

// Encode returns the stored form of l.
func (l *Ledger) Encode() []byte {
	b := make([]byte, ledgerHead, ledgerHead+ledgerEntry*len(l.Entries))
	rev := l.Revision.KV()
	copy(b, rev[:])
	b[kv.RevisionSize] = ledgerFormat
	for _, e := range l.Entries {
		b = append(b, e.Session[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(e.Bytes))
		b = binary.BigEndian.AppendUint64(b, uint64(e.Due))
	}
	binary.BigEndian.PutUint64(b[kv.RevisionSize+1:], xxh3.Hash(b[ledgerHead:]))
	return b
}

// DecodeLedger reads the stored form of a ledger; nil is an empty one. What cannot be read is an empty ledger with the
// revision that is stored: a ledger fills again with the changes of its sessions.
func DecodeLedger(b []byte) *Ledger {
	if len(b) < kv.RevisionSize {
		return &Ledger{}
	}
	l := &Ledger{Revision: TokenOf(kv.RevisionOf(b))}
	if len(b) < ledgerHead || b[kv.RevisionSize] != ledgerFormat || binary.BigEndian.Uint64(b[kv.RevisionSize+1:]) != xxh3.Hash(b[ledgerHead:]) {
		return l
	}
	for entry := range slices.Chunk(b[ledgerHead:], ledgerEntry) {
		if len(entry) == ledgerEntry {
			l.Entries = append(l.Entries, LedgerEntry{
				Session: uuid.UUID(entry[:16]), Bytes: int64(binary.BigEndian.Uint64(entry[16:])), Due: int64(binary.BigEndian.Uint64(entry[24:])),
			})
		}
	}
	return l
}

// Set puts an entry into l, in place of the one of the same session.
func (l *Ledger) Set(e LedgerEntry) {
	i := slices.IndexFunc(l.Entries, func(other LedgerEntry) bool { return other.Session == e.Session })
	if i < 0 {
		l.Entries = append(l.Entries, e)
		return
	}
	l.Entries[i] = e
}
