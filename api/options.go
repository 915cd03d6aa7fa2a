package api

import (
	"mime"
	"net/url"
	"slices"
	"strings"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
	"edgeframe/codec/formats"
)

// direction is reading or writing files.
type direction struct {
	// params returns the parameters that a format takes in this direction.
	params func(*codec.Format) codec.Params
	// names are those of the parameters that any format takes.
	names []string
}

var (
	reading = newDirection(func(f *codec.Format) codec.Params { return f.Reading })
	writing = newDirection(func(f *codec.Format) codec.Params { return f.Writing })
)

func newDirection(params func(*codec.Format) codec.Params) direction {
	d := direction{params: params}
	for _, f := range formats.All() {
		for _, name := range params(f).Names {
			if !slices.Contains(d.names, name) {
				d.names = append(d.names, name)
			}
		}
	}
	return d
}

// formatOptions returns the options of a format. A parameter that only other formats take is
// rejected, so that it is not ignored silently.
func formatOptions(q url.Values, format *codec.Format, d direction) (any, error) {
	given := codec.Values{}
	for _, name := range d.names {
		if !q.Has(name) {
			continue
		}
		if !slices.Contains(d.params(format).Names, name) {
			return nil, badParameter("%s is for %s; the format is %s", name, d.takers(name), format.Name)
		}
		given[name] = q[name]
	}
	options, err := d.params(format).Options(given)
	if err != nil {
		return nil, badParameter("%v", err)
	}
	return options, nil
}

// takers names the formats that take a parameter, for an error message.
func (d direction) takers(name string) string {
	var names []string
	for _, f := range formats.All() {
		if slices.Contains(d.params(f).Names, name) {
			names = append(names, f.Name)
		}
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return names[0]
}

// readOptions returns the options for reading a file of a format.
func (s *server) readOptions(q url.Values, format *codec.Format) (opt codec.ReadOptions, err error) {
	opt.Limits = s.Sessions.Limits()
	if opt.Strict, err = boolean(q, "strict", false); err != nil {
		return opt, err
	}
	if opt.DTypes, opt.TimeFormats, err = wantedTypes(q["dtype"]); err != nil {
		return opt, err
	}
	opt.Options, err = formatOptions(q, format, reading)
	return opt, err
}

// charset returns the encoding that a content type names, "" if it names none or an unknown one.
func charset(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["charset"] == "" {
		return ""
	}
	name, _ := delimited.ParseEncoding(params["charset"])
	return name
}
