package formats_test

import (
	"testing"

	"edgeframe/codec/formats"
)

func TestFormatsAreFoundByEachOfTheirNames(t *testing.T) {
	for _, f := range formats.All() {
		if formats.ByName(f.Name) != f {
			t.Errorf("%s is not found by its name", f.Name)
		}
		for _, mediaType := range f.MediaTypes {
			if formats.ByMediaType(mediaType) != f {
				t.Errorf("%s is not found by %s", f.Name, mediaType)
			}
		}
		for _, extension := range f.Extensions {
			if formats.ByFilename("Some.File"+extension) != f {
				t.Errorf("%s is not found by %s", f.Name, extension)
			}
		}
	}
}

func TestUnknownNamesHaveNoFormat(t *testing.T) {
	if formats.ByName("parchment") != nil || formats.ByMediaType("text/parchment") != nil || formats.ByFilename("a.parchment") != nil || formats.ByFilename("csv") != nil {
		t.Error("a format was found")
	}
}
