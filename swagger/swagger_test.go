package swagger

import (
	"bytes"
	"strings"
	"testing"

	"edgeframe/api"
)

func TestEveryFileOfThePageIsThere(t *testing.T) {
	page, ok := File(api.DocsPage)
	if !ok {
		t.Fatal("there is no page")
	}
	for _, name := range Names() {
		f, ok := File(name)
		plain, err := f.Plain()
		if !ok || err != nil || len(plain) == 0 || f.ContentType == "" {
			t.Errorf("%s: %d bytes of type %q: %v", name, len(plain), f.ContentType, err)
		}
		used := name == api.DocsPage || strings.HasSuffix(name, ".LICENSE.txt") || bytes.Contains(page.Body, []byte(`"docs/`+name+`"`))
		if !used {
			t.Errorf("the page does not refer to %s", name)
		}
	}
	if _, ok := File("index.html"); ok {
		t.Error("there is a file that the page does not have")
	}
}

// TestTheLicencesAreThoseOfTheBundle fails if swagger-ui is updated and its licences are not.
func TestTheLicencesAreThoseOfTheBundle(t *testing.T) {
	bundle, _ := File("swagger-ui-bundle.js")
	plain, err := bundle.Plain()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(plain, []byte("/*! For license information please see swagger-ui-bundle.js.LICENSE.txt */")) {
		t.Errorf("the bundle begins with %.100q", plain)
	}
	licences, _ := File("swagger-ui-bundle.js.LICENSE.txt")
	const purify = "DOMPurify 3.2.6"
	if !bytes.Contains(licences.Body, []byte(purify)) || !bytes.Contains(plain, []byte(`"3.2.6"`)) {
		t.Errorf("licenses/LICENSE.swagger-ui-bundle.js.txt is not of this bundle; take both from the same version of swagger-ui-dist")
	}
}
