package xlsx

import (
	"bytes"
	"fmt"
	"io"

	"github.com/orisano/gosax"

	"edgeframe/codec"
)

// maxXMLToken is the longest accepted tag or text, in bytes. The longest that Excel writes is a cell of
// 32,767 characters.
const maxXMLToken = 4 << 20

// xmlReader reads the elements of one part of a workbook. Names are without prefixes, because programs
// choose different ones.
type xmlReader struct {
	events *gosax.Reader
	source *boundedTokens
	// names has the names of the open elements one after the other, open the position of each.
	names []byte
	open  []int
	// empty is true if the innermost one has no content, so that its end comes next.
	empty bool
}

// maxXMLDepth is the deepest accepted nesting of elements. Excel stays below 20.
const maxXMLDepth = 100

func newXMLReader(r io.Reader) *xmlReader {
	source := &boundedTokens{r: r}
	const buffer = 64 << 10
	return &xmlReader{events: gosax.NewReaderSize(source, buffer), source: source}
}

// boundedTokens fails if more than maxXMLToken bytes are read for one token.
type boundedTokens struct {
	r io.Reader
	n int
}

func (b *boundedTokens) Read(p []byte) (int, error) {
	if b.n > maxXMLToken {
		return 0, fmt.Errorf("a tag or text is longer than %d bytes", maxXMLToken)
	}
	n, err := b.r.Read(p)
	b.n += n
	return n, err
}

// xmlEvent is the start or end of an element, or text.
type xmlEvent struct {
	// start or end is the name of the element.
	start, end []byte
	// attributes follow the name in a start tag.
	attributes []byte
	text       []byte
}

// push stores the start of an element.
func (r *xmlReader) push(name []byte) error {
	if len(r.open) == maxXMLDepth {
		return codec.Errorf(codec.ErrMalformed, "the workbook has a part with elements nested deeper than %d levels", maxXMLDepth)
	}
	r.open = append(r.open, len(r.names))
	r.names = append(r.names, name...)
	return nil
}

// pop removes the innermost element and returns its name.
func (r *xmlReader) pop() []byte {
	last := len(r.open) - 1
	name := r.names[r.open[last]:]
	r.names, r.open = r.names[:r.open[last]], r.open[:last]
	return name
}

// next returns the next event, or io.EOF after the last. The event is valid until the next call.
func (r *xmlReader) next() (xmlEvent, error) {
	if r.empty {
		r.empty = false
		return xmlEvent{end: r.pop()}, nil
	}
	for {
		r.source.n = 0
		e, err := r.events.Event()
		if err != nil {
			return xmlEvent{}, codec.Errorf(codec.ErrMalformed, "the workbook has a part that ends too early or cannot be read: %v", err)
		}
		switch e.Type() {
		case gosax.EventStart:
			name, attributes := gosax.Name(e.Bytes)
			name = withoutPrefix(name)
			r.empty = bytes.HasSuffix(e.Bytes, []byte("/>"))
			return xmlEvent{start: name, attributes: attributes}, r.push(name)
		case gosax.EventEnd:
			name, _ := gosax.Name(e.Bytes)
			if name = withoutPrefix(name); len(r.open) == 0 || !bytes.Equal(r.pop(), name) {
				return xmlEvent{}, codec.Errorf(codec.ErrMalformed, "the workbook has a part in which the element %s ends that has not begun", codec.Quoted(string(name)))
			}
			return xmlEvent{end: name}, nil
		case gosax.EventText:
			text, err := gosax.Unescape(e.Bytes)
			if err != nil {
				return xmlEvent{}, codec.Errorf(codec.ErrMalformed, "the workbook has a text that cannot be read: %v", err)
			}
			return xmlEvent{text: text}, nil
		case gosax.EventCData:
			return xmlEvent{text: bytes.TrimSuffix(bytes.TrimPrefix(e.Bytes, []byte("<![CDATA[")), []byte("]]>"))}, nil
		case gosax.EventDocType:
			return xmlEvent{}, codec.Errorf(codec.ErrMalformed, "the workbook has a part with a document type declaration, which no workbook needs")
		case gosax.EventEOF:
			if len(r.open) > 0 {
				return xmlEvent{}, codec.Errorf(codec.ErrMalformed, "the workbook has a part that ends too early")
			}
			return xmlEvent{}, io.EOF
		}
	}
}

// each calls handle for every event.
func (r *xmlReader) each(handle func(e xmlEvent) error) error {
	for {
		e, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = handle(e)
		}
		if err != nil {
			return err
		}
	}
}

func withoutPrefix(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}

// attribute returns the value of an attribute, or nil. The name is without prefix.
func (e xmlEvent) attribute(name string) []byte {
	rest := e.attributes
	for len(rest) > 0 {
		a, next, err := gosax.NextAttribute(rest)
		if err != nil || len(a.Key) == 0 {
			return nil
		}
		if string(withoutPrefix(a.Key)) == name && len(a.Value) >= 2 {
			return unescaped(a.Value[1 : len(a.Value)-1])
		}
		rest = next
	}
	return nil
}

// unescaped returns the value of an attribute, or nil if it is invalid. The library unescapes in place,
// which would damage the other attributes, so the value is copied first.
func unescaped(value []byte) []byte {
	if !bytes.ContainsAny(value, "&\r") {
		return value
	}
	value, err := gosax.Unescape(bytes.Clone(value))
	if err != nil {
		return nil
	}
	return value
}
