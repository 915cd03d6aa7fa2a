package api

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"edgeframe/codec/formats"
)

func TestOutputFormatFollowsTheClient(t *testing.T) {
	const stream, file = "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file"
	tests := []struct {
		name, query, accept, want string
	}{
		{"JSON without a wish", "", "", "json"},
		{"JSON for any type", "", "*/*", "json"},
		{"JSON for any type of a browser", "", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"},
		{"JSON for any application type", "", "application/*", "json"},
		{"the type named", "", "text/csv", "csv"},
		{"a type in capitals", "", "Text/CSV", "csv"},
		{"a second name of a format", "", "application/jsonl", "ndjson"},
		{"the character set that there is", "", "text/csv; charset=utf-8", "csv"},
		{"the highest q-value", "", "application/json;q=0.3, text/csv;q=0.9, " + stream + ";q=0.5", "csv"},
		{"the first of equal q-values", "", stream + ", text/csv", "arrow"},
		{"a named type before a wildcard", "", "*/*;q=0.1, " + file, "arrow_file"},
		{"not what q=0 excludes", "", "application/json;q=0, text/csv", "csv"},
		{"the next best when a wildcard excludes one", "", "*/*, application/json;q=0, text/json;q=0", "ndjson"},
		{"the parameter before Accept", "format=tsv", "application/json", "tsv"},
		{"the parameter even if Accept cannot be read", "format=json", "nonsense", "json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/?"+tt.query, nil)
			if tt.accept != "" {
				r.Header.Set("Accept", tt.accept)
			}
			got, err := outputFormat(r)
			if err != nil || got.Name != tt.want {
				t.Fatalf("%v, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestAcceptHeadersAreJoined(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Add("Accept", "application/json;q=0.1")
	r.Header.Add("Accept", "text/csv")
	if got, err := outputFormat(r); err != nil || got.Name != "csv" {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestOutputFormatRefusesWhatCannotBeSent(t *testing.T) {
	tests := []struct {
		name, query, accept, code string
	}{
		{"an unknown type", "", "image/png", "not_acceptable"},
		{"a q-value of 0 for all", "", "*/*;q=0", "not_acceptable"},
		{"another character set", "", "text/csv; charset=utf-16", "not_acceptable"},
		{"a header that cannot be read", "", "nonsense", "not_acceptable"},
		{"an unknown format", "format=docx", "", "invalid_parameter"},
		{"an empty format", "format=", "", "invalid_parameter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/?"+tt.query, nil)
			r.Header.Set("Accept", tt.accept)
			if _, err := outputFormat(r); err == nil || toProblem(err).Code != tt.code {
				t.Fatalf("%v, want %s", err, tt.code)
			}
		})
	}
}

func TestInputFormatIsToldByTypeThenNameThenBytes(t *testing.T) {
	tests := []struct {
		name, contentType, filename, body, want string
	}{
		{"the content type", "text/csv", "a.json", "{}", "csv"},
		{"the content type with a character set", "text/csv; charset=UTF-8", "", "a", "csv"},
		{"the content type in capitals", "APPLICATION/JSON", "", "a", "json"},
		{"the name when the type says nothing", "application/octet-stream", "a.TSV", "a", "tsv"},
		{"the name when the type is curl's", "application/x-www-form-urlencoded", "a.ndjson", "a", "ndjson"},
		{"the name when there is no type", "", "a.csv", "{}", "csv"},
		{"the name when the type is Windows' with Excel", "application/vnd.ms-excel", "a.csv", "a,b\n1,2\n", "csv"},
		{"the name when the type is that of another kind of file", "image/png", "a.csv", "a,b\n1,2\n", "csv"},
		{"the name when the type is that of an archive", "application/x-zip-compressed", "a.XLSX", "PK", "xlsx"},
		{"the name when the type is a private one", "text/x-csv; charset=windows-1252", "a.tsv", "a\tb\n", "tsv"},
		{"the name when the type is a range", "*/*", "a.ndjson", "{}", "ndjson"},
		{"the bytes when the type is Windows' with Excel", "application/vnd.ms-excel", "", "a,b\n1,2\n", "csv"},
		{"the bytes when the type is a private one", "application/jsonlines", "", "{\"a\":1}\n{\"a\":2}\n", "ndjson"},
		{"the bytes when the name says nothing", "", "a.bin", `[{"a":1}]`, "json"},
		{"the bytes when there is no name", "", "", "ARROW1\x00\x00", "arrow_file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := inputFormat(tt.contentType, tt.filename, []byte(tt.body))
			if err != nil || got.Name != tt.want {
				t.Fatalf("%v, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestInputFormatRefusesWhatCannotBeTold(t *testing.T) {
	tests := []struct {
		name, contentType, filename, body string
	}{
		{"an unknown type, name and bytes", "image/png", "a.png", "\x89PNG"},
		{"a type that cannot be read", "nonsense", "a.csv", "a,b\n1,2\n"},
		{"another character set", "text/csv; charset=ebcdic", "a.csv", "a,b\n1,2\n"},
		{"a character set of delimited text for JSON", "application/json; charset=utf-16", "a.json", "[]"},
		{"bytes of nothing known", "", "", "\x00\x01\x02\x03"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := inputFormat(tt.contentType, tt.filename, []byte(tt.body))
			if err == nil || toProblem(err).Code != "unsupported_media_type" || toProblem(err).Status != http.StatusUnsupportedMediaType {
				t.Fatalf("%v", err)
			}
		})
	}
}

func FuzzAccept(f *testing.F) {
	for _, accept := range []string{
		"", "*/*", "text/csv", "text/csv;q=0.5, */*;q=0.1", "application/json;q=0", "a/b;c=\"d\\\"e\";q=1.000;x=y",
		"text/*;q=0.3, text/csv;q=0.7, text/csv;charset=utf-8", ",", ";q=1", "text/csv;q=2",
	} {
		f.Add(accept)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		format, err := outputFormat(r)
		if err == nil && formats.ByName(format.Name) != format {
			t.Fatalf("Accept %q chose %v", accept, format)
		}
		if err != nil && toProblem(err).Code != "not_acceptable" {
			t.Fatalf("Accept %q: %v", accept, err)
		}
	})
}
