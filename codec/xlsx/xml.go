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

// xmlReader reads the elements of one part of a workbook that are in the namespaces of workbooks, by
// their names without prefixes. It leaves out elements of other namespaces with all that is in them:
// extensions have elements of the same names that mean something else.
type xmlReader struct {
	events *gosax.Reader
	source *boundedTokens
	// names has the names of the open elements one after the other, open the position of each.
	names []byte
	open  []int
	// empty is true if the innermost one has no content, so that its end comes next.
	empty bool
	// spaces are the namespaces of the open elements.
	spaces namespaces
	// hidden is the depth of the outermost open element that is left out, 0 if there is none.
	hidden int
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

// pop removes the innermost element. It returns its name, and whether it is one that is left out.
func (r *xmlReader) pop() (name []byte, hidden bool) {
	depth := len(r.open)
	start := r.open[depth-1]
	name = r.names[start:]
	r.names, r.open = r.names[:start], r.open[:depth-1]
	r.spaces.leave(depth)
	hidden = r.hidden > 0
	if depth == r.hidden {
		r.hidden = 0
	}
	return name, hidden
}

// next returns the next event, or io.EOF after the last. The event is valid until the next call.
func (r *xmlReader) next() (xmlEvent, error) {
	for {
		e, ok, err := r.read()
		if ok || err != nil {
			return e, err
		}
	}
}

// read reads one event. ok is false if it is left out.
func (r *xmlReader) read() (event xmlEvent, ok bool, err error) {
	if r.empty {
		r.empty = false
		name, hidden := r.pop()
		return xmlEvent{end: withoutPrefix(name)}, !hidden, nil
	}
	r.source.n = 0
	e, err := r.events.Event()
	if err != nil {
		return xmlEvent{}, false, codec.Errorf(codec.ErrMalformed, "the workbook has a part that ends too early or cannot be read: %v", err)
	}
	switch e.Type() {
	case gosax.EventStart:
		r.empty = bytes.HasSuffix(e.Bytes, []byte("/>"))
		return r.start(gosax.Name(e.Bytes))
	case gosax.EventEnd:
		name, _ := gosax.Name(e.Bytes)
		if len(r.open) == 0 || !bytes.Equal(r.names[r.open[len(r.open)-1]:], name) {
			return xmlEvent{}, false, codec.Errorf(codec.ErrMalformed, "the workbook has a part in which the element %s ends that has not begun", codec.QuotedBytes(name))
		}
		_, hidden := r.pop()
		return xmlEvent{end: withoutPrefix(name)}, !hidden, nil
	case gosax.EventText:
		if r.hidden > 0 {
			return xmlEvent{}, false, nil
		}
		text, err := gosax.Unescape(e.Bytes)
		if err != nil {
			return xmlEvent{}, false, codec.Errorf(codec.ErrMalformed, "the workbook has a text that cannot be read: %v", err)
		}
		return xmlEvent{text: text}, true, nil
	case gosax.EventCData:
		return xmlEvent{text: bytes.TrimSuffix(bytes.TrimPrefix(e.Bytes, []byte("<![CDATA[")), []byte("]]>"))}, r.hidden == 0, nil
	case gosax.EventDocType:
		return xmlEvent{}, false, codec.Errorf(codec.ErrMalformed, "the workbook has a part with a document type declaration, which no workbook needs")
	case gosax.EventEOF:
		if len(r.open) > 0 {
			return xmlEvent{}, false, codec.Errorf(codec.ErrMalformed, "the workbook has a part that ends too early")
		}
		return xmlEvent{}, false, io.EOF
	}
	return xmlEvent{}, false, nil
}

// start handles the start of an element.
func (r *xmlReader) start(name, attributes []byte) (event xmlEvent, ok bool, err error) {
	if err := r.push(name); err != nil {
		return xmlEvent{}, false, err
	}
	if r.hidden > 0 {
		return xmlEvent{}, false, nil
	}
	depth := len(r.open)
	if bytes.Contains(attributes, []byte("xmlns")) {
		if err := r.spaces.enter(depth, attributes); err != nil {
			return xmlEvent{}, false, err
		}
	}
	own, err := r.spaces.own(name)
	if err != nil {
		return xmlEvent{}, false, err
	}
	if own {
		return xmlEvent{start: withoutPrefix(name), attributes: attributes}, true, nil
	}
	if depth == 1 {
		return xmlEvent{}, false, codec.Errorf(codec.ErrMalformed, "the workbook has a part whose outermost element %s is not of a namespace of workbooks", codec.QuotedBytes(name))
	}
	r.hidden = depth
	return xmlEvent{}, false, nil
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

// attribute returns the value of an attribute without a prefix, or nil.
func (e xmlEvent) attribute(name string) []byte {
	for key, value, rest := nextAttribute(e.attributes); key != nil; key, value, rest = nextAttribute(rest) {
		if string(key) == name {
			return unescaped(value)
		}
	}
	return nil
}

// nextAttribute returns the name and the value of the first attribute, and the attributes after it. The
// name is nil if there is none that can be read.
func nextAttribute(attributes []byte) (key, value, rest []byte) {
	for len(attributes) > 0 {
		a, next, err := gosax.NextAttribute(attributes)
		if err != nil || len(a.Key) == 0 {
			return nil, nil, nil
		}
		if len(a.Value) >= 2 {
			return a.Key, a.Value[1 : len(a.Value)-1], next
		}
		attributes = next
	}
	return nil, nil, nil
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
