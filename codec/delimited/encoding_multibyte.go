package delimited

import (
	"bytes"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"edgeframe/codec"
)

// replacement is U+FFFD, which the decoders of golang.org/x/text write for bytes that mean nothing.
var replacement = []byte("\ufffd")

// fromMultiByte converts text of an encoding with several bytes per character. It decodes twice, so that
// it takes as much memory as the result has.
func fromMultiByte(data []byte, e encoding.Encoding, name string, mem *codec.Budget) ([]byte, error) {
	size, lines := 0, lineCounter{}
	err := decodeChunks(data, e, func(chunk []byte) error {
		if i := bytes.Index(chunk, replacement); i >= 0 {
			lines.add(chunk[:i])
			return codec.Errorf(codec.ErrMalformed, "line %d has bytes that mean nothing in %s: name another encoding", lines.ended+1, name)
		}
		lines.add(chunk)
		size += len(chunk)
		return nil
	})
	if err != nil {
		return nil, err
	}
	text, err := takeText(size, mem)
	if err != nil {
		return nil, err
	}
	err = decodeChunks(data, e, func(chunk []byte) error {
		text = append(text, chunk...)
		return nil
	})
	return text, err
}

// chunkBytes is the size of the chunks of decoded text.
const chunkBytes = 8 << 10

// decodeChunks calls use with the decoded text piece by piece. A piece has whole characters, and is only valid
// during the call.
func decodeChunks(data []byte, e encoding.Encoding, use func(chunk []byte) error) error {
	d := e.NewDecoder()
	buf := make([]byte, chunkBytes)
	for {
		written, read, err := d.Transform(buf, data, true)
		if err != nil && err != transform.ErrShortDst {
			return err
		}
		if failed := use(buf[:written]); failed != nil || err == nil {
			return failed
		}
		data = data[read:]
	}
}

// lineCounter counts the ends of lines in text that comes in pieces: CRLF, LF and CR.
type lineCounter struct {
	ended  int
	lastCR bool
}

func (c *lineCounter) add(text []byte) {
	if len(text) == 0 {
		return
	}
	c.ended += bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) - bytes.Count(text, []byte("\r\n"))
	if c.lastCR && text[0] == '\n' {
		c.ended--
	}
	c.lastCR = text[len(text)-1] == '\r'
}
