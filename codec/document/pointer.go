package document

import (
	"strconv"
	"strings"

	"edgeframe/codec"
)

// Many services answer with a document in which the table is one member of several, such as
// {"count": 2, "results": [{"a": 1}, {"a": 2}]}. The parameter records says where it is, with a JSON
// pointer (RFC 6901). The rest of the document must be valid, and is not kept.

// maxPointer is the longest pointer, in bytes.
const maxPointer = 1024

var unescapePointer, escapePointer = strings.NewReplacer("~1", "/", "~0", "~"), strings.NewReplacer("~", "~0", "/", "~1")

// splitPointer returns the names and indexes in a pointer, none for "".
func splitPointer(pointer string) ([]string, error) {
	if pointer == "" {
		return nil, nil
	}
	bare := strings.NewReplacer("~0", "", "~1", "").Replace(pointer)
	if pointer[0] != '/' || len(pointer) > maxPointer || strings.Contains(bare, "~") {
		return nil, codec.Errorf(codec.ErrUnsupported, "records=%s is not accepted; it must be a JSON pointer of at most %d bytes, such as /results or /data/items", codec.Shorten(pointer), maxPointer)
	}
	path := strings.Split(pointer[1:], "/")
	for i, name := range path {
		path[i] = unescapePointer.Replace(name)
	}
	return path, nil
}

// pointerTo is the pointer to what path names.
func pointerTo(path ...string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString("/" + escapePointer.Replace(name))
	}
	return b.String()
}

// enterAt makes r read the value at path in place of the whole document.
func (t *dynTable) enterAt(r dynReader, path []string) error {
	place, err := find(r, path, 0)
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return err
	}
	t.root = place
	t.from = "The table was read from " + codec.Shorten(pointerTo(path...)) + "; the rest of the document was left out."
	r.seek(place)
	return nil
}

// find reads the next value, which path[:depth] names, and returns the place of what path names.
func find(r dynReader, path []string, depth int) (place cell, err error) {
	if depth == len(path) {
		return r.skip()
	}
	want, found, others := path[depth], false, []string(nil)
	look := func(here bool) error {
		switch {
		case !here:
			_, err := r.skip()
			return err
		case found:
			return r.fail(codec.ErrMalformed, "the name %s occurs twice in one object", codec.Quoted(want))
		}
		found = true
		place, err = find(r, path, depth+1)
		return err
	}
	switch r.opens() {
	case '{':
		err = r.names(func(name []byte) error {
			if len(others) < mostShown {
				others = append(others, codec.QuotedBytes(name))
			}
			return look(string(name) == want)
		})
	case '[':
		err = r.array(func(i uint32) error { return look(strconv.FormatUint(uint64(i), 10) == want) })
	}
	if err == nil && !found {
		err = notFound(r, path, depth, others)
	}
	return place, err
}

// mostShown is how many names an error shows.
const mostShown = 5

// notFound says that there is nothing at path[depth]. others are some names that are there.
func notFound(r dynReader, path []string, depth int, others []string) error {
	holder := "the document"
	if depth > 0 {
		holder = codec.Shorten(pointerTo(path[:depth]...))
	}
	has := ""
	if len(others) > 0 {
		has = "; it has " + strings.Join(others, ", ")
		if len(others) == mostShown {
			has += ", …"
		}
	}
	return r.fail(codec.ErrMalformed, "records=%s is not there: %s has no %s%s", codec.Shorten(pointerTo(path...)), holder, codec.Quoted(path[depth]), has)
}

// arraysOfObjects appends the pointers to the arrays in s that could be the records of a document, until there
// are mostShown. path is the pointer to s.
func (s *fieldSet) arraysOfObjects(path string, found []string) []string {
	for _, c := range s.columns {
		at := path + pointerTo(c.name)
		switch {
		case len(found) == mostShown || len(at) > maxPointer:
		case listOf(c, kindObject|kindOpen) && len(c.elem.cells) > 0:
			found = append(found, at)
		case c.kinds == kindObject:
			found = c.fields.arraysOfObjects(at, found)
		}
	}
	return found
}

// hint says how to read the records of a document that is not a table.
func (t *dynTable) hint() string {
	if choices := t.choices(); choices != "" {
		return choices
	}
	return "; if the records are in a member, the parameter records says where, such as records=/data/items"
}

// choices says how to read what could be the records; "" if there is nothing.
func (t *dynTable) choices() string {
	found := t.fields.arraysOfObjects("", nil)
	for i, pointer := range found {
		found[i] = "records=" + codec.Shorten(pointer)
	}
	switch last := len(found) - 1; {
	case last < 0:
		return ""
	case last == 0:
		return "; " + found[0] + " reads the records there"
	default:
		return "; " + strings.Join(found[:last], ", ") + " or " + found[last] + " reads the records there"
	}
}

// noteChoices notes how the document was read, if it has what could be its records.
func (t *dynTable) noteChoices(how string) {
	if choices := t.choices(); choices != "" {
		t.note = "The document was read as " + how + choices + "."
	}
}
