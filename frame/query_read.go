package frame

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// QueryMembers are the members of a query, in the order in which an error names them.
var QueryMembers = []string{"columns", "where", "sort", "offset", "limit", "version", "group", "histogram", "distinct"}

// ReadQuery reads the value of the member name of a query into q. null stands for a member that is not
// given. Pointers of errors start at the query. Errors of the decoder are returned as they are. Set
// q.Limit to -1 before the first call, and call [Query.Check] after the last one.
func ReadQuery(dec *jsontext.Decoder, name string, q *Query) error {
	p := &parser{dec: dec, names: map[string]string{}}
	if null, err := p.null(); null || err != nil {
		return err
	}
	err := p.queryMember(name, q)
	if err == nil && p.failed != "" {
		err = invalid("/"+name, "", "%s", p.failed)
	}
	return inQuery(err)
}

func (p *parser) queryMember(name string, q *Query) (err error) {
	switch name {
	case "columns":
		q.Columns, err = p.queryNames("columns", "/columns")
		if i := repeatedName(q.Columns); err == nil && i >= 0 {
			err = invalid(element("/columns", i), "another column", "column %s is in columns twice", codec.Quoted(q.Columns[i]))
		}
	case "where":
		q.Where, err = p.condition(1, "where", "/where")
	case "sort":
		q.Sort, err = p.sortOrder()
	case "offset":
		q.Offset, err = p.readNumber("offset", "/offset", 0, math.MaxInt64)
	case "limit":
		q.Limit, err = p.readNumber("limit", "/limit", 0, math.MaxInt64)
	case "version":
		var n int64
		n, err = p.readNumber("version", "/version", 1, math.MaxUint32)
		q.Version = uint32(n)
	case "group":
		q.Group, err = p.grouping()
	case "histogram":
		q.Histogram, err = p.histogramQuery()
	case "distinct":
		q.Distinct, err = p.distinctQuery()
	default:
		return invalid(memberPointer("", name), strings.Join(QueryMembers, ", "), "%s", DescribeUnknown(name, QueryMembers))
	}
	return err
}

// queryNames reads a list of names.
func (p *parser) queryNames(field, pointer string) ([]string, error) {
	if kind := p.dec.PeekKind(); kind != '[' {
		_, err := p.dec.ReadValue()
		if err == nil {
			err = invalid(pointer, takesList, "%s", describeMismatch(field, nameOfKind(kind), takesList))
		}
		return nil, err
	}
	return p.nameList(field)
}

// repeatedName returns the position of the first name that has come before, or -1.
func repeatedName(names []string) int {
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if seen[name] {
			return i
		}
		seen[name] = true
	}
	return -1
}

// objectOf reads an object that may have some fields, whose values read reads.
func (p *parser) objectOf(field, pointer string, fields []string, read func(name string) error) error {
	if kind := p.dec.PeekKind(); kind != '{' {
		_, err := p.dec.ReadValue()
		if err == nil {
			err = invalid(pointer, takesObject, "%s", describeMismatch(field, nameOfKind(kind), takesObject))
		}
		return err
	}
	return p.object(func(name string) error {
		if !slices.Contains(fields, name) {
			return invalid(memberPointer(pointer, name), strings.Join(fields, ", "), "%s: %s", field, DescribeUnknown(name, fields))
		}
		return read(name)
	})
}

func (p *parser) grouping() (*Grouping, error) {
	g := new(Grouping)
	return g, p.objectOf("group", "/group", []string{"by", "aggregates"}, func(name string) (err error) {
		switch name {
		case "by":
			g.By, err = p.queryNames("by", "/group/by")
		case "aggregates":
			g.Aggregates, err = p.aggregates("/group/aggregates")
		}
		return err
	})
}

func (p *parser) aggregates(pointer string) (list []Aggregate, err error) {
	if p.dec.PeekKind() != '[' {
		return nil, p.mismatch("aggregates", takesList)
	}
	return list, p.elements(func() error {
		if len(list) == MaxAggregates {
			return invalid(pointer, "", "aggregates has more than %d elements, which is the most that is accepted", MaxAggregates)
		}
		list = append(list, Aggregate{})
		a := &list[len(list)-1]
		return p.objectOf("an aggregate", element(pointer, len(list)-1), []string{"column", "fn", "as"}, func(name string) (err error) {
			switch name {
			case "column":
				err = p.text("column", &a.Column)
			case "fn":
				err = p.text("fn", &a.Fn)
			case "as":
				err = p.text("as", &a.As)
			}
			return err
		})
	})
}

func (p *parser) histogramQuery() (*HistogramQuery, error) {
	h := new(HistogramQuery)
	return h, p.objectOf("histogram", "/histogram", []string{"column", "bins"}, func(name string) (err error) {
		switch name {
		case "column":
			err = p.text("column", &h.Column)
		case "bins":
			var n int64
			n, err = p.readNumber("bins", "/histogram/bins", 1, MaxBins)
			h.Bins = int(n)
		}
		return err
	})
}

func (p *parser) distinctQuery() (*DistinctQuery, error) {
	d := new(DistinctQuery)
	return d, p.objectOf("distinct", "/distinct", []string{"column", "limit", "search"}, func(name string) (err error) {
		switch name {
		case "column":
			err = p.text("column", &d.Column)
		case "limit":
			var n int64
			n, err = p.readNumber("limit", "/distinct/limit", 1, MaxDistinct)
			d.Limit = int(n)
		case "search":
			err = p.text("search", &d.Search)
			if err == nil && len(d.Search) > MaxSearchBytes {
				err = invalid("/distinct/search", "", "search has %d bytes; it may have %d", len(d.Search), MaxSearchBytes)
			}
		}
		return err
	})
}

// sortOrder reads the value of sort: names with a minus in front for descending, objects, or one text as
// [ParseSort] reads it.
func (p *parser) sortOrder() (list []SortKey, err error) {
	switch kind := p.dec.PeekKind(); kind {
	case '[':
	case '"':
		var text string
		if err := p.text("sort", &text); err != nil {
			return nil, err
		}
		return sortNames(text)
	default:
		return nil, p.mismatch("sort", takesList)
	}
	return list, p.elements(func() error {
		at := element("/sort", len(list))
		if len(list) == MaxNames {
			return invalid("/sort", "", "sort has more than %d columns, which are more than a table has", MaxNames)
		}
		if p.dec.PeekKind() == '"' {
			name, err := p.name()
			list = append(list, sortName(name, at))
			return err
		}
		key := SortKey{at: at + "/column"}
		err := p.objectOf("an element of sort", at, sortFields, func(name string) (err error) {
			switch name {
			case "column":
				err = p.text("column", &key.Column)
			case "descending":
				err = p.boolean("descending", &key.Descending)
			}
			return err
		})
		list = append(list, key)
		return err
	})
}

// sortName returns the key that a name with or without a minus in front stands for.
func sortName(name, at string) SortKey {
	plain, descending := strings.CutPrefix(name, "-")
	return SortKey{Column: plain, Descending: descending, at: at}
}

// sortNames reads names that are separated by commas.
func sortNames(text string) (list []SortKey, err error) {
	for i, name := range strings.Split(text, ",") {
		key := sortName(strings.TrimSpace(name), element("/sort", i))
		if key.Column == "" {
			return nil, invalid(key.at, "the name of a column", "sort has an empty name; it is names of columns with commas between them, each with a minus in front for descending, or a JSON list")
		}
		list = append(list, key)
	}
	return list, nil
}

// ParseSort reads the value of the parameter sort: "-visit,site", or the JSON that the member of a query
// takes, which is for names with commas or a minus in front. Empty text is no order.
func ParseSort(text string) (keys []SortKey, err error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, nil
	case text[0] != '[' && text[0] != '"':
		return sortNames(text)
	}
	var q Query
	err = parseMember("sort", text, &q)
	return q.Sort, err
}

// ParseWhere reads the value of the parameter where, which is JSON. Empty text is no condition.
func ParseWhere(text string) (*Condition, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var q Query
	err := parseMember("where", text, &q)
	if err == nil && q.Where != nil {
		err = inQuery(q.Where.check())
	}
	return q.Where, err
}

// parseMember reads a text that is the value of one member of a query.
func parseMember(name, text string, q *Query) error {
	dec := jsontext.NewDecoder(bytes.NewBufferString(text))
	err := ReadQuery(dec, name, q)
	if err == nil {
		if _, err = dec.ReadToken(); err == io.EOF {
			return nil
		}
		err = io.EOF
	}
	if errors.As(err, new(*codec.Error)) {
		return err
	}
	if err == io.EOF {
		return invalid("/"+name, "one JSON value", "%s is not one JSON value", name)
	}
	return invalid("/"+name, "JSON", "%s cannot be read: %s", name, scalar.DescribeSyntax(err))
}
