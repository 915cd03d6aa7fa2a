//go:build !js

package native

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// uploadsAtOnce is how many uploads of the largest size are decoded concurrently, or more
	// of smaller ones. Decoding takes several times the size of the file in memory, and more
	// concurrency than there are processors would not be faster.
	uploadsAtOnce = 2
	// admissionTimeout is how long an upload waits for others to finish before it is rejected.
	admissionTimeout = 10 * time.Second
)

// newAdmission limits the total size of the files that are decoded concurrently, so that many
// uploads together do not use more memory than the machine has.
func newAdmission(maxUpload int64, timeout time.Duration) func(context.Context, int64) (func(), error) {
	most := uploadsAtOnce * maxUpload
	room := semaphore.NewWeighted(most)
	return func(ctx context.Context, bytes int64) (func(), error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		bytes = min(bytes, most)
		if err := room.Acquire(ctx, bytes); err != nil {
			return nil, err
		}
		return func() { room.Release(bytes) }, nil
	}
}
