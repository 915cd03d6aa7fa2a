package document

import (
	"slices"

	"edgeframe/codec"
)

// Options are the choices of whoever sends or fetches a document.
type Options struct {
	// Orient is the shape of the document. "" means on reading that it is detected, on writing
	// Records.
	Orient Orient
}

// Orient is the shape of a JSON or MessagePack document, named as in pandas.
type Orient string

// The shapes: [{column: value}], {column: [value]}, and {"columns": [], "data": [[value]]}.
const (
	Records Orient = "records"
	Columns Orient = "columns"
	Split   Orient = "split"
)

// Orients lists every Orient.
var Orients = []Orient{Records, Columns, Split}

// oriented is the parameter of documents that can have each of the shapes.
var oriented = codec.Params{
	Names: []string{"orient"},
	Parse: func(given codec.Values) (any, error) {
		opt := Options{Orient: Orient(given.Get("orient"))}
		if !slices.Contains(Orients, opt.Orient) {
			return nil, codec.Errorf(codec.ErrUnsupported, "orient=%s is not accepted; it must be records, columns or split", codec.Shorten(string(opt.Orient)))
		}
		return opt, nil
	},
}

// inRecords is the parameter of lines of JSON, each of which is a record. pandas wants it spelled
// out.
var inRecords = codec.Params{
	Names: []string{"orient"},
	Parse: func(given codec.Values) (any, error) {
		if o := given.Get("orient"); o != string(Records) {
			return nil, codec.Errorf(codec.ErrUnsupported, "orient=%s is not accepted; for ndjson it must be records", codec.Shorten(o))
		}
		return Options{Orient: Records}, nil
	},
}

// orient is the checked shape in options.
func orient(options any) (Orient, error) {
	opt, err := codec.OptionsOf[Options](options)
	if err == nil && opt.Orient != "" && !slices.Contains(Orients, opt.Orient) {
		err = codec.Errorf(codec.ErrUnsupported, "there is no orient %q; records, columns and split are known", string(opt.Orient))
	}
	return opt.Orient, err
}
