package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/elnormous/contenttype"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
	"edgeframe/codec/formats"
)

// offered returns the media types that data can be requested as, by preference. The type that a format is
// sent as comes before its other names, so that the answer to a range such as text/* always
// matches the range. They have a charset parameter, so that clients may ask for it.
var offered = sync.OnceValue(func() (list []contenttype.MediaType) {
	var others []contenttype.MediaType
	for _, f := range formats.All() {
		for i, m := range f.MediaTypes {
			offer := contenttype.NewMediaType(m + "; charset=utf-8")
			if i == 0 {
				list = append(list, offer)
			} else {
				others = append(others, offer)
			}
		}
	}
	return append(list, others...)
})

func formatNames() string {
	var names []string
	for _, f := range formats.All() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// outputFormat returns the format of a response: the one of the format parameter, or else the one
// that Accept prefers, or else JSON.
func outputFormat(r *http.Request) (*codec.Format, error) {
	if q := queryOf(r); q.Has("format") {
		if f := formats.ByName(q.Get("format")); f != nil {
			return f, nil
		}
		return nil, badParameter("format=%s is not accepted; it must be one of %s", codec.Shorten(q.Get("format")), formatNames())
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		return formats.ByName("json"), nil
	}
	chosen, _, err := contenttype.GetAcceptableMediaTypeFromHeader(accept, offered())
	if err != nil {
		return nil, problemf(http.StatusNotAcceptable, "not_acceptable", "none of the types in Accept is possible; this can be sent as %s", strings.Join(mediaTypes(), ", "))
	}
	return formats.ByMediaType(chosen.MIME()), nil
}

// mediaTypes returns the media type that each format is sent as.
func mediaTypes() []string {
	var list []string
	for _, f := range formats.All() {
		list = append(list, f.MediaTypes[0])
	}
	return list
}

// inputFormat returns the format of a file. The content type decides if it names one of the formats. If it
// does not, the name of the file decides, and otherwise its first bytes: browsers and operating systems send
// other types for files that they do not know, and even wrong ones, such as application/vnd.ms-excel for CSV
// on Windows with Excel.
func inputFormat(contentType, filename string, body []byte) (*codec.Format, error) {
	media := contentType
	if media != "" {
		parsed, err := contenttype.ParseMediaType(contentType)
		if err != nil {
			return nil, problemf(http.StatusUnsupportedMediaType, "unsupported_media_type", "the content type %q cannot be read; send one of %s", codec.Shorten(contentType), strings.Join(mediaTypes(), ", "))
		}
		media = strings.ToLower(parsed.MIME())
		if c := strings.ToLower(parsed.Parameters["charset"]); c != "" && c != "utf-8" && c != "us-ascii" && !(charset(contentType) != "" && maybeDelimited(media)) {
			return nil, problemf(http.StatusUnsupportedMediaType, "unsupported_media_type", "the character set %q is not accepted; send UTF-8, or delimited text as one of %s", codec.Shorten(c), delimited.EncodingNames)
		}
	}
	if f := formats.ByMediaType(media); f != nil {
		return f, nil
	}
	if f := formats.ByFilename(filename); f != nil {
		return f, nil
	}
	if f := formats.Detect(body); f != nil {
		return f, nil
	}
	return nil, undetermined(media, filename)
}

// undetermined returns the error for a file of no known format. It names what was looked at.
func undetermined(media, filename string) error {
	looked := "it has no content type"
	if media != "" {
		looked = fmt.Sprintf("its content type %q is not that of a format", codec.Shorten(media))
	}
	if filename == "" {
		looked += ", it has no name"
	} else {
		looked += fmt.Sprintf(", its name %q has no extension of a format", codec.Shorten(filename))
	}
	return problemf(http.StatusUnsupportedMediaType, "unsupported_media_type", "the format of the file cannot be told: %s, and its first bytes are not those of a format; send it with one of the content types %s, or a filename with an extension", looked, strings.Join(mediaTypes(), ", "))
}

// maybeDelimited reports whether a file of that media type is, or may be, delimited text.
func maybeDelimited(media string) bool {
	f := formats.ByMediaType(media)
	return f == nil || f.Name == "csv" || f.Name == "tsv"
}
