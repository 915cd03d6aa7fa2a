//go:build !js

package native

import (
	"reflect"
	"testing"
)

// TestEveryDefaultIsAcceptedWhenItIsSet covers the settings of both builds, because those of the
// server include the shared ones. Defaults are not checked when they are used.
func TestEveryDefaultIsAcceptedWhenItIsSet(t *testing.T) {
	var environ []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if name, value := field.Tag.Get("env"), field.Tag.Get("envDefault"); name != "" && value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	if len(environ) < 20 {
		t.Fatalf("defaults %q", environ)
	}
	got, _, err := Load(environ)
	want, _, _ := Load(nil)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%v, want\n%v", err, got, want)
	}
}
