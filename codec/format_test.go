package codec_test

import (
	"testing"

	"edgeframe/codec"
	"edgeframe/internal/tabletest"
)

func TestFormatsAreFoundByEachOfTheirNames(t *testing.T) {
	for _, f := range codec.Formats() {
		if codec.ByName(f.Name) != f {
			t.Errorf("%s is not found by its name", f.Name)
		}
		for _, mediaType := range f.MediaTypes {
			if codec.ByMediaType(mediaType) != f {
				t.Errorf("%s is not found by %s", f.Name, mediaType)
			}
		}
		for _, extension := range f.Extensions {
			if codec.ByFilename("Some.File"+extension) != f {
				t.Errorf("%s is not found by %s", f.Name, extension)
			}
		}
	}
}

func TestUnknownNamesHaveNoFormat(t *testing.T) {
	if codec.ByName("parchment") != nil || codec.ByMediaType("text/parchment") != nil || codec.ByFilename("a.parchment") != nil || codec.ByFilename("csv") != nil {
		t.Error("a format was found")
	}
}

func TestNoInputLooksLikeTwoFormats(t *testing.T) {
	table := tabletest.Generate(20, 5, 1)
	for _, f := range codec.Formats() {
		data := encoded(t, f.Name, table)
		for _, other := range codec.Formats() {
			if f.Sniff(data) && other != f && other.Sniff(data) {
				t.Errorf("%s looks like %s too", f.Name, other.Name)
			}
		}
	}
}
