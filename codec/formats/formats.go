// Package formats lists the file formats, and finds them by name, media type, file extension and
// content.
package formats

import (
	"slices"
	"strings"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/delimited"
	"edgeframe/codec/document"
	"edgeframe/codec/parquet"
	"edgeframe/codec/xlsx"
)

// All returns all formats in the order in which the server prefers them.
func All() []*codec.Format { return formats }

// formats is in order of preference: a client without a preference gets the first one.
var formats = []*codec.Format{
	document.JSON,
	document.NDJSON,
	delimited.CSV,
	delimited.TSV,
	arrowipc.Stream,
	arrowipc.File,
	parquet.Format,
	document.MessagePack,
	xlsx.Format,
}

// ByName returns the format with that name, or nil.
func ByName(name string) *codec.Format {
	return first(formats, func(f *codec.Format) bool { return f.Name == strings.ToLower(name) })
}

// ByMediaType returns the format with that media type, which must have no parameters, or nil.
func ByMediaType(mediaType string) *codec.Format {
	return first(formats, func(f *codec.Format) bool { return slices.Contains(f.MediaTypes, strings.ToLower(mediaType)) })
}

// ByFilename returns the format with the extension of filename, or nil.
func ByFilename(filename string) *codec.Format {
	name := strings.ToLower(filename)
	return first(formats, func(f *codec.Format) bool {
		return slices.ContainsFunc(f.Extensions, func(ext string) bool { return strings.HasSuffix(name, ext) })
	})
}

// byContent is the order in which [Detect] tries the formats: first those with a signature, then those
// with a stricter syntax before those with a looser one. So a format need not reject the inputs of
// another one.
var byContent = []*codec.Format{
	parquet.Format,
	xlsx.Format,
	arrowipc.File,
	arrowipc.Stream,
	document.MessagePack,
	document.NDJSON,
	document.JSON,
	delimited.TSV,
	delimited.CSV,
}

// Detect returns the format that data looks like, or nil. data is a whole input or its beginning.
func Detect(data []byte) *codec.Format {
	return first(byContent, func(f *codec.Format) bool { return f.Sniff(data) })
}

// Foreign returns an error that says what to do if data is a file of a format that no other format can be
// mistaken for, and that is not read: workbooks other than .xlsx.
func Foreign(data []byte) error { return xlsx.Foreign(data) }

func first(formats []*codec.Format, match func(*codec.Format) bool) *codec.Format {
	if i := slices.IndexFunc(formats, match); i >= 0 {
		return formats[i]
	}
	return nil
}
