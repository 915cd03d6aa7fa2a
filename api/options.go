package api

import (
	"mime"
	"net/url"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
	"edgeframe/codec/formats"
	"edgeframe/codec/scalar"
)

// formatOptions returns the options of a format. A parameter that only other formats take is
// rejected, so that it is not ignored silently.
func formatOptions(q url.Values, format *codec.Format, d formats.Direction) (any, error) {
	options, err := d.Options(codec.Values(q), format)
	if err != nil {
		return nil, badParameter("%v", err)
	}
	return options, nil
}

// readOptions returns the options for reading a file of a format.
func (s *server) readOptions(q url.Values, format *codec.Format) (opt codec.ReadOptions, err error) {
	opt.Limits = s.Sessions.Limits()
	if opt.Strict, err = boolean(q, "strict", false); err != nil {
		return opt, err
	}
	if opt.DTypes, opt.TimeFormats, err = scalar.ParseDTypes(q["dtype"]); err != nil {
		return opt, badParameter("%v", err)
	}
	opt.Options, err = formatOptions(q, format, formats.Reading)
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
