package recipe

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// ReadOperations returns the operations of a step as they were sent: a JSON list.
func ReadOperations(raw []byte) ([]Operation, error) {
	var s Step
	r := &reader{jsontext.NewDecoder(bytes.NewBuffer(raw))}
	err := r.list(func() error { return r.operation(&s) })
	if err == nil {
		err = s.prepare()
	}
	return s.Operations, readable(err)
}

// JSON returns the operations of a step as a JSON list, in the form in which [ReadOperations] reads them.
func (s *Step) JSON() []byte {
	out := []byte{'['}
	for i := range s.Operations {
		if i > 0 {
			out = append(out, ',')
		}
		out = s.Operations[i].append(out)
	}
	return append(out, ']')
}

// Document returns the recipe as JSON for people: each operation stands in a line. It is an error of kind
// [codec.ErrTooLarge] if it is longer than [MaxBytes].
func (r *Recipe) Document() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n  \"recipe\": %d,\n", Form)
	if r.MadeBy != "" {
		fmt.Fprintf(&b, "  \"made_by\": %s,\n", quoted(r.MadeBy))
	}
	if r.From != (Origin{}) {
		fmt.Fprintf(&b, "  \"made_from\": {%s},\n", joined(", ", text("session", r.From.Session), number("version", r.From.Version), text("filename", r.From.Filename)))
	}
	fmt.Fprintf(&b, "  \"import\": {\n%s\n  },\n", joined(",\n", r.Import.lines()...))
	steps := make([]string, len(r.Steps))
	size := b.Len()
	for i := range r.Steps {
		steps[i] = r.Steps[i].lines()
		if size += len(steps[i]); size > MaxBytes {
			return nil, codec.Errorf(codec.ErrTooLarge, "the recipe has more than %d bytes, which are the most that are accepted", MaxBytes)
		}
	}
	fmt.Fprintf(&b, "  \"steps\": %s\n}\n", list("  ", steps))
	return b.Bytes(), nil
}

// lines returns the members of the import, each with its indentation.
func (i *Import) lines() []string {
	var parameters []string
	for _, name := range slices.Sorted(maps.Keys(i.Parameters)) {
		values := make([]string, len(i.Parameters[name]))
		for at, value := range i.Parameters[name] {
			values[at] = quoted(value)
		}
		given := joined(", ", values...)
		if len(values) != 1 {
			given = "[" + given + "]"
		}
		parameters = append(parameters, quoted(name)+": "+given)
	}
	columns := make([]string, len(i.Columns))
	for at, c := range i.Columns {
		columns[at] = "      {" + joined(", ", text("name", c.Name), text("dtype", c.DType)) + "}"
	}
	lines := []string{text("format", i.Format), "\"parameters\": {" + joined(", ", parameters...) + "}"}
	if len(columns) > 0 {
		lines = append(lines, "\"columns\": "+list("    ", columns))
	}
	for at, line := range lines {
		lines[at] = indented("    ", line)
	}
	return lines
}

// lines returns a step with its indentation.
func (s *Step) lines() string {
	at := ""
	if !s.Time.IsZero() {
		at = s.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	operations := make([]string, len(s.Operations))
	for i := range s.Operations {
		operations[i] = "        " + string(s.Operations[i].append(nil))
	}
	head := joined(", ", number("version", s.Version), text("time", at), text("actor", s.Actor), text("summary", s.Summary),
		text("made", s.Made), text("filename", s.Filename))
	body := ""
	if s.Made == "" {
		body = "\"operations\": " + list("      ", operations)
	}
	return "    {\n" + joined(",\n", indented("      ", head), indented("      ", body)) + "\n    }"
}

// indented returns a line with an indentation, "" if it is empty.
func indented(indent, line string) string {
	if line == "" {
		return ""
	}
	return indent + line
}

// list returns a list whose elements stand in lines of their own. indent is that of its end.
func list(indent string, elements []string) string {
	if len(elements) == 0 {
		return "[]"
	}
	return "[\n" + strings.Join(elements, ",\n") + "\n" + indent + "]"
}

// joined joins the texts that are not empty.
func joined(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), separator)
}

// text returns a member that is text, "" if the text is empty.
func text(name, value string) string {
	if value == "" {
		return ""
	}
	return quoted(name) + ": " + quoted(value)
}

func number(name string, value uint32) string {
	if value == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %d", quoted(name), value)
}

func quoted(s string) string { return string(scalar.AppendQuoted(nil, s)) }
