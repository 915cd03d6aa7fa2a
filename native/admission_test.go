//go:build !js

package native

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestUploadsWaitUntilThereIsRoom(t *testing.T) {
	const largest = 100
	admit := newAdmission(largest, 50*time.Millisecond)
	var releases []func()
	for range uploadsAtOnce {
		release, err := admit(t.Context(), largest)
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	if _, err := admit(t.Context(), 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v while there is no room, want a deadline", err)
	}
	releases[0]()
	release, err := admit(t.Context(), largest)
	if err != nil {
		t.Fatalf("got %v although there is room", err)
	}
	release()
}
