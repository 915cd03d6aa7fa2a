package api

import (
	"net/http"
	"strings"

	"github.com/elnormous/contenttype"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
	"edgeframe/codec/formats"
)

// offered are the media types that data can be requested as, by preference. The type that a format is
// sent as comes before its other names, so that the answer to a range such as text/* always
// matches the range. They have a charset parameter, so that clients may ask for it.
var offered = func() (list []contenttype.MediaType) {
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
}()

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
	if q := r.URL.Query(); q.Has("format") {
		if f := formats.ByName(q.Get("format")); f != nil {
			return f, nil
		}
		return nil, badParameter("format=%s is not accepted; it must be one of %s", codec.Shorten(q.Get("format")), formatNames())
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		return formats.ByName("json"), nil
	}
	chosen, _, err := contenttype.GetAcceptableMediaTypeFromHeader(accept, offered)
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

// undeclared are the content types that say nothing about the format: browsers and curl send them if
// they do not know it.
var undeclared = map[string]bool{
	"":                                  true,
	"application/octet-stream":          true,
	"application/x-www-form-urlencoded": true,
	"binary/octet-stream":               true,
	"text/plain":                        true,
}

// inputFormat returns the format of a file, by its content type, or else its name, or else its first
// bytes.
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
	if !undeclared[media] {
		return nil, problemf(http.StatusUnsupportedMediaType, "unsupported_media_type", "the content type %q is not accepted; send one of %s, or none and a filename with an extension", codec.Shorten(media), strings.Join(mediaTypes(), ", "))
	}
	if f := formats.ByFilename(filename); f != nil {
		return f, nil
	}
	if f := formats.Detect(body); f != nil {
		return f, nil
	}
	return nil, problemf(http.StatusUnsupportedMediaType, "unsupported_media_type", "the format of the file cannot be told; send it with one of the content types %s, or a filename with an extension", strings.Join(mediaTypes(), ", "))
}

// maybeDelimited reports whether a file of that media type is, or may be, delimited text.
func maybeDelimited(media string) bool {
	f := formats.ByMediaType(media)
	return f == nil && undeclared[media] || f != nil && (f.Name == "csv" || f.Name == "tsv")
}
