// Package formats is the list of the file formats: by name, media type, file extension and
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

// formats is ordered: where a client has no preference, the first is sent.
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

// ByMediaType returns the format with that media type (no parameters), or nil.
func ByMediaType(mediaType string) *codec.Format {
	return first(formats, func(f *codec.Format) bool { return slices.Contains(f.MediaTypes, strings.ToLower(mediaType)) })
}

// ByFilename returns the format that filename's extension names, or nil.
func ByFilename(filename string) *codec.Format {
	name := strings.ToLower(filename)
	return first(formats, func(f *codec.Format) bool {
		return slices.ContainsFunc(f.Extensions, func(ext string) bool { return strings.HasSuffix(name, ext) })
	})
}

// byContent is the order in which formats are asked whether an input is theirs: signatures
// first, then the stricter syntax before the looser one, so that no format has to know another.
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

// Detect returns the format that data, the whole input or its beginning, looks like, or nil.
func Detect(data []byte) *codec.Format {
	return first(byContent, func(f *codec.Format) bool { return f.Sniff(data) })
}

func first(formats []*codec.Format, match func(*codec.Format) bool) *codec.Format {
	if i := slices.IndexFunc(formats, match); i >= 0 {
		return formats[i]
	}
	return nil
}
