package arrowipc

import (
	"encoding/binary"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// endOfStream is the marker after the last message.
var endOfStream = []byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}

// schemaWriter passes on what arrow-go writes. Before that, it gives the maps in the schema, which is the
// first message, their names.
type schemaWriter struct {
	w     io.Writer
	names mapNames
	// before is the number of bytes that precede the message.
	before int
	// held is what has been written, until the message is complete.
	held []byte
	// passed says that the message has been passed on.
	passed bool
}

// Write implements [io.Writer].
func (s *schemaWriter) Write(p []byte) (int, error) {
	if s.passed {
		return s.w.Write(p)
	}
	s.held = append(s.held, p...)
	message := s.held[min(s.before, len(s.held)):]
	if len(message) < 8 {
		return len(p), nil
	}
	size := 8 + int(binary.LittleEndian.Uint32(message[4:]))
	if len(message) < size {
		return len(p), nil
	}
	out := append([]byte(nil), s.held[:s.before]...)
	out = append(append(out, s.names.applyToMessage(message[:size])...), message[size:]...)
	s.passed, s.held = true, nil
	_, err := s.w.Write(out)
	return len(p), err
}

// fileWriter writes an Arrow file. Unlike that of arrow-go it ends the messages with the marker of their end,
// which precedes the footer.
type fileWriter struct {
	*ipc.FileWriter
	out *fileOutput
}

func newFileWriter(w io.Writer, schema *arrow.Schema, names mapNames) (*fileWriter, error) {
	counted := &countingWriter{w: w}
	out := &fileOutput{countingWriter: counted, schema: schemaWriter{w: counted, names: names, before: fileStart}}
	in, err := ipc.NewFileWriter(out, ipc.WithSchema(schema))
	return &fileWriter{in, out}, err
}

// Close writes the footer.
func (f *fileWriter) Close() error {
	f.out.closing = true
	if err := f.out.end(); err != nil {
		return err
	}
	return f.FileWriter.Close()
}

// fileOutput is what a fileWriter writes to.
type fileOutput struct {
	*countingWriter
	schema schemaWriter
	// closing says that no message follows, except the schema if there was none yet.
	closing bool
	// ended says that the marker has been written; the footer is next, in one piece. After it, footer is true.
	ended, footer bool
}

// Write implements [io.Writer].
func (f *fileOutput) Write(p []byte) (n int, err error) {
	if f.ended && !f.footer {
		f.footer = true
		if _, err := f.countingWriter.Write(f.schema.names.apply(append([]byte(nil), p...), inFooter)); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	if n, err = f.schema.Write(p); err != nil {
		return n, err
	}
	return n, f.end()
}

// end writes the marker after the last message.
func (f *fileOutput) end() error {
	if !f.closing || f.ended || !f.schema.passed {
		return nil
	}
	f.ended = true
	_, err := f.countingWriter.Write(endOfStream)
	return err
}
