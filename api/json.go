package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// compact is JSON that [marshal] has made, now or when it was stored. encoding/json would check it again.
type compact []byte

// MarshalJSON returns the JSON.
func (c compact) MarshalJSON() ([]byte, error) { return c, nil }

// members are members of an object as JSON, at least one, that [encodeMembers] has made. They are the value of a member
// without a name, which stands for all of them.
type members []byte

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) { return marshal(o) }

// marshal is json.Marshal without escapes for HTML, which a JSON API does not need.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	err := write(&b, v)
	return b.Bytes(), err
}

// write appends v as JSON. It handles nested objects itself, because encoding/json would copy the
// output of MarshalJSON at every level, and the common values because it allocates for each.
func write(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case object:
		return writeList(b, '{', v, '}', func(m member) error {
			if several, ok := m.value.(members); ok {
				b.Write(several)
				return nil
			}
			writeText(b, m.name)
			b.WriteByte(':')
			return write(b, m.value)
		})
	case map[string]any:
		return writeList(b, '{', slices.Sorted(maps.Keys(v)), '}', func(name string) error {
			writeText(b, name)
			b.WriteByte(':')
			return write(b, v[name])
		})
	case []object:
		return writeList(b, '[', v, ']', func(o object) error { return write(b, o) })
	case []string:
		if v != nil {
			return writeList(b, '[', v, ']', func(s string) error { return write(b, s) })
		}
	case []int64:
		if v != nil {
			return writeList(b, '[', v, ']', func(n int64) error {
				b.Write(strconv.AppendInt(b.AvailableBuffer(), n, 10))
				return nil
			})
		}
	case string:
		writeText(b, v)
		return nil
	case compact:
		b.Write(v)
		return nil
	case nil:
		b.WriteString("null")
		return nil
	case bool:
		b.Write(strconv.AppendBool(b.AvailableBuffer(), v))
		return nil
	case int:
		return write(b, int64(v))
	case uint32:
		return write(b, int64(v))
	case int64:
		b.Write(strconv.AppendInt(b.AvailableBuffer(), v, 10))
		return nil
	}
	return writeWithLibrary(b, v)
}

func writeList[T any](b *bytes.Buffer, open byte, list []T, end byte, item func(T) error) error {
	b.WriteByte(open)
	for i, v := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := item(v); err != nil {
			return err
		}
	}
	b.WriteByte(end)
	return nil
}

// writeText writes a string. Strings of common characters, which need no escapes, do not go through
// encoding/json. jsontext.AppendQuote is no alternative: it writes U+2028, U+2029 and invalid UTF-8
// in another way.
func writeText(b *bytes.Buffer, s string) {
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			// A string can always be written.
			_ = writeWithLibrary(b, s)
			return
		}
	}
	b.WriteByte('"')
	b.WriteString(s)
	b.WriteByte('"')
}

func writeWithLibrary(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the line end that the encoder adds
	return nil
}

// encodeJSON is marshal for values that can always be encoded.
func encodeJSON(v any) []byte {
	b, err := marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// documents are the buffers that documents are written in. Those that have grown beyond maxKept bytes are
// not used again.
var documents = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const maxKept = 64 << 10

// The values of header fields that most answers have. Nothing changes them: Set and Add make new ones.
var (
	typeJSON = []string{"application/json"}
	noStore  = []string{"no-store"}
	noCache  = []string{"private, no-cache"}
)

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body := documents.Get().(*bytes.Buffer)
	defer func() {
		if body.Cap() <= maxKept {
			body.Reset()
			documents.Put(body)
		}
	}()
	encoded := phasesOf(w).Encode()
	err := write(body, v)
	encoded()
	if err != nil {
		return err
	}
	h := w.Header()
	set(h, "Content-Length", strconv.Itoa(body.Len()))
	h["Content-Type"] = typeJSON
	if first(h, "Cache-Control") == "" {
		h["Cache-Control"] = noStore
	}
	w.WriteHeader(status)
	send(w, body.Bytes())
	return nil
}

// send writes a body. It ignores errors: the client has disconnected.
func send(w http.ResponseWriter, body []byte) { _, _ = w.Write(body) }
