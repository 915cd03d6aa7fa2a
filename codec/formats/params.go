package formats

import (
	"fmt"
	"slices"
	"strings"

	"edgeframe/codec"
)

// Direction is reading or writing files.
type Direction struct {
	// Names are those of the parameters that any format takes.
	Names []string
	// params returns the parameters that a format takes in this direction.
	params func(*codec.Format) codec.Params
}

// The directions.
var (
	Reading = newDirection(func(f *codec.Format) codec.Params { return f.Reading })
	Writing = newDirection(func(f *codec.Format) codec.Params { return f.Writing })
)

func newDirection(params func(*codec.Format) codec.Params) Direction {
	d := Direction{params: params}
	for _, f := range formats {
		for _, name := range params(f).Names {
			if !slices.Contains(d.Names, name) {
				d.Names = append(d.Names, name)
			}
		}
	}
	return d
}

// Options returns the options of a format. A parameter that only other formats take is rejected, so that it is not
// ignored silently; names that no format takes are left to the caller.
func (d Direction) Options(given codec.Values, format *codec.Format) (any, error) {
	taken := codec.Values{}
	for _, name := range d.Names {
		if !given.Has(name) {
			continue
		}
		if !slices.Contains(d.params(format).Names, name) {
			return nil, fmt.Errorf("%s is for %s; the format is %s", name, d.takers(name), format.Name)
		}
		taken[name] = given[name]
	}
	return d.params(format).Options(taken)
}

// takers names the formats that take a parameter, for an error message.
func (d Direction) takers(name string) string {
	var names []string
	for _, f := range formats {
		if slices.Contains(d.params(f).Names, name) {
			names = append(names, f.Name)
		}
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return names[0]
}
