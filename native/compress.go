//go:build !js

package native

import (
	"mime"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// compress compresses text with gzip or zstd for clients that accept them. Binary tables (Arrow,
// MessagePack) are sent as they are: their clients want speed, and the formats have compression of
// their own.
//
// A compressed response is another representation, so its entity tag is the handler's with the
// coding appended. Clients may send either tag back.
func compress(next http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.ContentTypeFilter(isText),
		gzhttp.CompressionLevel(gzip.BestSpeed),
		gzhttp.SuffixETag("-gzip"), // becomes -zstd where zstd is sent
	)
	if err != nil {
		return nil, err
	}
	compressed := withoutCodingTags(wrap(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isStream(r) {
			next.ServeHTTP(w, r)
			return
		}
		compressed.ServeHTTP(w, r)
	}), nil
}

func isText(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return strings.HasPrefix(mediaType, "text/") ||
		mediaType == "application/json" || strings.HasSuffix(mediaType, "+json") ||
		mediaType == "application/x-ndjson" || mediaType == "application/jsonl"
}

var codingSuffixes = []string{"-gzip", "-zstd"}

// withoutCodingTags removes the codings from the entity tags of conditional requests, so that the
// handler sees its own tags, and restores them in a 304.
func withoutCodingTags(next http.Handler) http.Handler {
	plain := strings.NewReplacer(`-gzip"`, `"`, `-zstd"`, `"`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := strings.Join(r.Header.Values("If-None-Match"), ",")
		for _, name := range []string{"If-Match", "If-None-Match"} {
			for i, value := range r.Header[name] {
				r.Header[name][i] = plain.Replace(value)
			}
		}
		if plain.Replace(asked) != asked {
			w = &codedTags{w, asked}
		}
		next.ServeHTTP(w, r)
	})
}

// codedTags puts the entity tag that the client sent into a 304.
type codedTags struct {
	http.ResponseWriter
	asked string
}

func (w *codedTags) WriteHeader(status int) {
	if status == http.StatusNotModified {
		tag := strings.TrimSuffix(w.Header().Get("ETag"), `"`)
		for _, suffix := range codingSuffixes {
			if coded := tag + suffix + `"`; strings.Contains(w.asked, coded) {
				w.Header().Set("ETag", coded)
			}
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *codedTags) Unwrap() http.ResponseWriter { return w.ResponseWriter }
