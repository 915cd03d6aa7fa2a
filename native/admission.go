//go:build !js

package native

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// uploadsAtOnce is how many uploads of the largest size are decoded beside one another, or
	// how many more smaller ones. Decoding takes a multiple of a file's size in memory, and
	// more of it at once than there are processors would not be faster.
	uploadsAtOnce = 2
	// admissionPatience is how long an upload waits for others to end.
	admissionPatience = 10 * time.Second
)

// newAdmission bounds the bytes of files that are decoded at once, so that many uploads
// together do not take more memory than the machine has.
func newAdmission(maxUpload int64, patience time.Duration) func(context.Context, int64) (func(), error) {
	most := uploadsAtOnce * maxUpload
	room := semaphore.NewWeighted(most)
	return func(ctx context.Context, bytes int64) (func(), error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		bytes = min(bytes, most)
		if err := room.Acquire(ctx, bytes); err != nil {
			return nil, err
		}
		return func() { room.Release(bytes) }, nil
	}
}
