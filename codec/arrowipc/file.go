package arrowipc

import (
	"bytes"
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"edgeframe/codec"
)

// fileStart is the position of the first message in an Arrow file: after the magic bytes and two
// bytes of padding.
const fileStart = 8

// blockSize is the size of a Block, which has the position of a message.
const blockSize = 24

// readFile calls use with every record batch of the Arrow file data. The arrays alias data. The
// footer has the schema and the positions of the messages.
func (r *reader) readFile(data []byte, use func(arrow.Record) error) error {
	footer, messages, err := splitFile(data)
	if err != nil {
		return err
	}
	root := footer.root()
	dictionaries := root.vector(footerDictionaries, blockSize)
	batches := root.vector(footerRecordBatches, blockSize)
	schema := root.table(footerSchema)
	if footer.bad || schema.buf == nil {
		return codec.Errorf(codec.ErrMalformed, "the footer of the Arrow file is damaged")
	}
	if err := r.useSchema(schema, func() (*arrow.Schema, error) { return footerOnly(footer.data, dictionaries) }); err != nil {
		return err
	}
	if err := r.nameColumns(); err != nil {
		return err
	}
	for i := range dictionaries.n {
		m, err := messageAt(messages, dictionaries, i, dictionaryMessage)
		if err == nil {
			err = r.readDictionary(m)
		}
		if err != nil {
			return err
		}
	}
	for i := range batches.n {
		m, err := messageAt(messages, batches, i, batchMessage)
		if err != nil {
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

// splitFile returns the footer of a file and the part before it.
func splitFile(data []byte) (footer *flatbuf, messages []byte, err error) {
	tail := len(data) - len(ipc.Magic) - 4
	if tail < fileStart || !bytes.HasSuffix(data, ipc.Magic) {
		return nil, nil, codec.Errorf(codec.ErrMalformed, "the Arrow file ends early: its footer is missing")
	}
	size := binary.LittleEndian.Uint32(data[tail:])
	if uint64(size) > uint64(tail-fileStart) {
		return nil, nil, codec.Errorf(codec.ErrMalformed, "the Arrow file is damaged: its footer of %d bytes is larger than the file", size)
	}
	messages = data[:tail-int(size)]
	return &flatbuf{data: data[len(messages):tail]}, messages, nil
}

// footerOnly lets arrow-go decode the schema in a footer. It makes a file without messages, because
// arrow-go would read the dictionaries too.
func footerOnly(footer []byte, dictionaries flatVector) (*arrow.Schema, error) {
	file := make([]byte, fileStart, fileStart+len(footer)+4+len(ipc.Magic))
	copy(file, ipc.Magic)
	file = append(file, footer...)
	if dictionaries.n > 0 {
		clear(file[fileStart+dictionaries.at-4:][:4])
	}
	file = binary.LittleEndian.AppendUint32(file, uint32(len(footer)))
	file = append(file, ipc.Magic...)
	in, err := ipc.NewFileReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return in.Schema(), nil
}

// messageAt returns the message at block i, which must be of the given kind.
func messageAt(data []byte, blocks flatVector, i int, kind byte) (message, error) {
	offset := blocks.buf.i64(blocks.at + blockSize*i)
	if offset < fileStart || offset > int64(len(data)) {
		return message{}, codec.Errorf(codec.ErrMalformed, "the footer of the Arrow file points outside of it")
	}
	m, _, err := nextMessage(data[offset:])
	if err == nil && m.kind != kind {
		err = codec.Errorf(codec.ErrMalformed, "the footer of the Arrow file points to a message of kind %d instead of %d", m.kind, kind)
	}
	return m, err
}
