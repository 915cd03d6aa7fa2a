package codec

import (
	"bytes"
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// fileStart is where the stream inside of an Arrow file begins: after the magic bytes and
// two of padding.
const fileStart = 8

// blockSize is the size of a Block, which says where a message of a file is.
const blockSize = 24

// readFile calls use with every record batch of the Arrow file data, which arrays alias.
// The schema is that of the stream inside, and the footer says where the messages are.
func (r *arrowReader) readFile(data []byte, use func(arrow.Record) error) error {
	tail := len(data) - len(ipc.Magic) - 4
	if tail < fileStart || !bytes.HasSuffix(data, ipc.Magic) {
		return Errorf(ErrMalformed, "the Arrow file ends early: its footer is missing")
	}
	size := binary.LittleEndian.Uint32(data[tail:])
	if uint64(size) > uint64(tail-fileStart) {
		return Errorf(ErrMalformed, "the Arrow file is damaged: its footer of %d bytes is larger than the file", size)
	}
	messages := data[:tail-int(size)]
	m, _, err := nextMessage(messages[fileStart:])
	if err == nil {
		err = r.readSchema(m)
	}
	if err != nil {
		return err
	}
	footer := &flatbuf{data: data[len(messages):tail]}
	root := footer.root()
	dictionaries := root.vector(footerDictionaries, blockSize)
	batches := root.vector(footerRecordBatches, blockSize)
	if footer.bad {
		return Errorf(ErrMalformed, "the footer of the Arrow file is damaged")
	}
	for i := range dictionaries.n {
		if m, err = messageAt(messages, dictionaries, i, dictionaryMessage); err == nil {
			err = r.readDictionary(m)
		}
		if err != nil {
			return err
		}
	}
	for i := range batches.n {
		if m, err = messageAt(messages, batches, i, batchMessage); err != nil {
			return err
		}
		rec, err := r.readBatch(m)
		if err != nil {
			return err
		}
		if err = use(rec); err != nil {
			return err
		}
	}
	return nil
}

// messageAt returns the message that block i points to.
func messageAt(data []byte, blocks flatVector, i int, kind byte) (message, error) {
	offset := blocks.buf.i64(blocks.at + blockSize*i)
	if offset < fileStart || offset > int64(len(data)) {
		return message{}, Errorf(ErrMalformed, "the footer of the Arrow file points outside of it")
	}
	m, _, err := nextMessage(data[offset:])
	if err == nil && m.kind != kind {
		err = Errorf(ErrMalformed, "the footer of the Arrow file points to a message of kind %d instead of %d", m.kind, kind)
	}
	return m, err
}
