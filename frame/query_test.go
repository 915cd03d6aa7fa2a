package frame

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

var errNoObject = errors.New("the query is no JSON object")

// readQuery reads a query from a JSON object, and checks it.
func readQuery(text string) (*Query, error) {
	q := &Query{Limit: -1}
	dec := jsontext.NewDecoder(strings.NewReader(text))
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, errNoObject
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		if err := ReadQuery(dec, name.String(), q); err != nil {
			return nil, err
		}
	}
	return q, q.Check()
}
