package document

import (
	"slices"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Options are the choices of whoever sends or fetches a document.
type Options struct {
	// Orient is the shape of the document. "" means on reading that it is detected, on writing
	// Records.
	Orient Orient
	// Records is a JSON pointer (RFC 6901) to the table in the document; "" means that the document is the
	// table. It has no meaning on writing.
	Records string
	// Int64Strings writes integers of type int64 and uint64 as strings, also inside of lists and structs.
	// It has no meaning on reading.
	Int64Strings bool
}

// Orient is the shape of a JSON or MessagePack document, named as in pandas.
type Orient string

// The shapes: [{column: value}], {column: [value]}, and {"columns": [], "data": [[value]]}. Columns is also
// {column: {label: value}} on reading.
const (
	Records Orient = "records"
	Columns Orient = "columns"
	Split   Orient = "split"
)

// Orients lists every Orient.
var Orients = []Orient{Records, Columns, Split}

// The parameters of documents that can have each of the shapes, and of lines of JSON, each of which is a
// record.
var (
	oriented        = codec.Params{Names: []string{"orient", "records"}, Parse: parseReading}
	orientedWriting = codec.Params{Names: []string{"orient", "int64"}, Parse: parseOriented}
	inRecords       = codec.Params{Names: []string{"orient"}, Parse: parseInRecords}
	recordsWriting  = codec.Params{Names: []string{"orient", "int64"}, Parse: parseInRecords}
)

// parseReading adds the parameter records to those of parseOriented.
func parseReading(given codec.Values) (any, error) {
	pointer := given.Get("records")
	if _, err := splitPointer(pointer); err != nil {
		return nil, err
	}
	options, err := parseOriented(given)
	if err != nil {
		return nil, err
	}
	opt := options.(Options)
	opt.Records = pointer
	return opt, nil
}

func parseOriented(given codec.Values) (any, error) {
	orient := Orient(given.Get("orient"))
	if given.Has("orient") && !slices.Contains(Orients, orient) {
		return nil, codec.Errorf(codec.ErrUnsupported, "orient=%s is not accepted; it must be records, columns or split", codec.Shorten(string(orient)))
	}
	return withInt64(given, orient)
}

// parseInRecords accepts records only, which pandas requires to be given.
func parseInRecords(given codec.Values) (any, error) {
	if o := given.Get("orient"); given.Has("orient") && o != string(Records) {
		return nil, codec.Errorf(codec.ErrUnsupported, "orient=%s is not accepted; for ndjson it must be records", codec.Shorten(o))
	}
	return withInt64(given, Records)
}

// withInt64 adds the parameter int64, which says how integers of 64 bits are written.
func withInt64(given codec.Values, orient Orient) (any, error) {
	opt := Options{Orient: orient, Int64Strings: given.Get("int64") == "string"}
	if given.Has("int64") && !opt.Int64Strings && given.Get("int64") != "number" {
		return nil, codec.Errorf(codec.ErrUnsupported, "int64=%s is not accepted; it must be number or string", codec.Shorten(given.Get("int64")))
	}
	return opt, nil
}

// checked returns options as Options.
func checked(options any) (Options, error) {
	opt, err := codec.OptionsOf[Options](options)
	if err == nil && opt.Orient != "" && !slices.Contains(Orients, opt.Orient) {
		err = codec.Errorf(codec.ErrUnsupported, "there is no orient %q; records, columns and split are known", string(opt.Orient))
	}
	return opt, err
}

// style is how JSON spells values.
func (opt Options) style() scalar.JSONStyle {
	return scalar.JSONStyle{Int64Strings: opt.Int64Strings}
}
