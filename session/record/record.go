// Package record is what sessions store: the records, their bytes and their keys.
//
// A session has one mutable record, its [Head]. Everything else is immutable: the segments
// that a head refers to, statistics, and, on an eventually consistent store, a copy of the head
// for each commit. The package promises that a record of a format that some release has written
// is read by all later ones, or rejected with an error that names the format. A change of a field
// of these types changes what is stored. The package calls no store, and does not read the tables
// inside segments.
package record

//go:generate go tool msgp -file=record.go -io=false -tests=false -o=record_gen.go

// Head is the one mutable record of a session. Times are Unix milliseconds.
//
//msgp:tuple SegmentRef AuditEntry RowGroup MarkCount Moment
//msgp:limit arrays:10000000 maps:1000
type Head struct {
	ID       string `msg:"id"`
	Filename string `msg:"filename"`
	Created  int64  `msg:"created"`
	Accessed int64  `msg:"accessed"`
	Expires  int64  `msg:"expires"`
	// TTL is in milliseconds.
	TTL int64 `msg:"ttl"`
	// Lease is the time until which the store keeps every segment of the session at least.
	Lease int64 `msg:"lease"`
	// Commits holds the commit ids of the latest revisions, the one of this revision last.
	Commits [][]byte `msg:"commits"`
	// Made is the hash of the request that has made the session, 8 bytes, if that had a key.
	Made []byte `msg:"made,omitempty"`
	// Epoch is what the numbers of revisions in the keys of segments begin with. It is 0 unless the
	// request that has made the session had a key.
	Epoch uint64 `msg:"epoch,omitempty"`
	// Repeats has the latest changes with a key, the newest last, 16 bytes each: the hash of the key
	// and the hash of the request.
	Repeats []byte `msg:"repeats,omitempty"`

	// Versions are the kept versions, oldest first: previous ones, the current one, and those
	// that redo brings back.
	Versions []Version `msg:"versions"`
	// Current is the position of the current version in Versions.
	Current     int    `msg:"current"`
	NextVersion uint32 `msg:"next_version"`
	// Schemas are the Arrow IPC schemas of the versions, and Manifests their manifests, each
	// once. They stay encoded until they are needed, so that the cost of an operation that only
	// moves versions does not depend on the size of the table.
	Schemas   [][]byte `msg:"schemas"`
	Manifests [][]byte `msg:"manifests"`
	// Sources say of which files the tables of the versions were made, each once: JSON objects, as
	// they are or as Snappy blocks.
	// Heads of releases that kept none have none.
	Sources [][]byte `msg:"sources,omitempty"`

	// Metadata is a JSON object, or empty.
	Metadata []byte `msg:"metadata"`
	// Audit holds the newest entries; AuditChunks the older ones, in chunks of the same number of
	// entries.
	Audit       []AuditEntry `msg:"audit"`
	AuditChunks []SegmentRef `msg:"audit_chunks"`
	InitialRows int64        `msg:"initial_rows"`

	// Inline are the segments that travel with the head and are not in the store. Their bytes are in
	// Data, in the same order.
	Inline []SegmentRef `msg:"inline,omitempty"`

	// Owner is the actor who created the session with a scoped token, empty if nobody did.
	Owner string `msg:"owner,omitempty"`
	// Revoked is the time at which the tokens of the session were last revoked, 0 if never. It grows with
	// each revocation, so it is the salt of tokens too.
	Revoked int64 `msg:"revoked,omitempty"`

	// Steps says how the kept versions were made, and those that they come from; see [DecodeSteps]. It stays encoded
	// until it is needed, which for most requests it is not.
	Steps []byte `msg:"steps,omitempty"`

	// Moments say which version was current when, oldest first, if that does not follow from the times of the kept
	// versions.
	Moments []Moment `msg:"moments,omitempty"`

	// Revision is not part of the MessagePack record: it is stored before it.
	Revision Token `msg:"-"`
	// Data are the bytes of the segments in Inline. They are not part of the MessagePack record: they
	// are stored after it.
	Data [][]byte `msg:"-"`
}

// Version is one state of the table.
type Version struct {
	ID uint32 `msg:"id"`
	// Time is in Unix milliseconds.
	Time       int64  `msg:"time"`
	Summary    string `msg:"summary"`
	RowsBefore int64  `msg:"rows_before"`
	Rows       int64  `msg:"rows"`
	// Commit is random; together with ID it names the content of the version for good.
	Commit  []byte `msg:"commit"`
	Columns int    `msg:"columns"`
	// StoredBytes, RawBytes and Segments are those of the manifest; NewBytes are the stored
	// bytes that the version added.
	StoredBytes int64 `msg:"stored_bytes"`
	RawBytes    int64 `msg:"raw_bytes"`
	NewBytes    int64 `msg:"new_bytes"`
	Segments    int   `msg:"segments"`
	// Method and Compression are those of the segments that the version added.
	Method      string `msg:"method"`
	Compression string `msg:"compression"`
	// Schema and Manifest are positions in Head.Schemas and Head.Manifests.
	Schema   int `msg:"schema"`
	Manifest int `msg:"manifest"`
	// Marks refers to the marks of intentionally missing cells, nil if there are none.
	Marks *SegmentRef `msg:"marks"`
	// MarkCounts counts the marks of each column that has any, in the order of the columns. It is
	// empty if there are none, and in versions of releases that did not count them.
	MarkCounts []MarkCount `msg:"mark_counts,omitempty"`
	// Source is the position in Head.Sources, counted from 1, of the file that the table comes from;
	// 0 if none is known. SourceVersion is the id of the version that was made of that file. Edits
	// take both over.
	Source        int    `msg:"source,omitempty"`
	SourceVersion uint32 `msg:"source_version,omitempty"`
	// Actor is who made the version, empty if that is not known.
	Actor string `msg:"actor,omitempty"`
	// Name is a name that somebody has given to the version, which keeps it.
	Name string `msg:"name,omitempty"`
	// Aside says that undo and redo pass the version by: it had been undone when another one was made, and is kept
	// for its name.
	Aside bool `msg:"aside,omitempty"`
}

// Moment says that a version was current from a time on, in Unix milliseconds. Version 0 is one that is not kept, or
// not known.
type Moment struct {
	Time    int64
	Version uint32
}

// MarkCount is the number of marked cells of a column, which is given by its position.
type MarkCount struct {
	Column int
	Marks  int64
}

// Manifest says which segments make up the table of a version.
type Manifest struct {
	// Layout lists, for each segment of a row group, the table's columns that its fields hold, in
	// their order; -1 is a field whose column has been dropped. All row groups have the same
	// layout.
	Layout [][]int    `msg:"layout"`
	Groups []RowGroup `msg:"groups"`
}

// RowGroup is a run of rows.
type RowGroup struct {
	Rows     int
	Segments []SegmentRef
	// Missing is the number of nulls in each column of the table.
	Missing []int
}

// SegmentRef names a stored segment.
type SegmentRef struct {
	// Hash is the hash of the segment's content.
	Hash [16]byte
	// Born is the revision whose commit stored the segment, plus the session's Epoch. It is part of the
	// key, so that a segment which one commit removes is never the one that a later commit stores again.
	Born uint64
	// Stored is the size of the stored segment, Raw that of its payload before compression, in
	// bytes.
	Stored int
	Raw    int
}

// AuditEntry is a line of the audit log. Time is in Unix milliseconds.
type AuditEntry struct {
	Time int64
	Text string
}
