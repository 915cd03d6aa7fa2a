// Package large makes and copies slices of many megabytes without keeping everybody waiting.
//
// The runtime cannot interrupt the clearing or the copying of one block of memory. A garbage collection that wants to
// begin or to end waits for it, and everything else waits for the collection: on a busy machine 50 MB that the system
// has to find first are 30 to 130 ms. make clears in parts, and not at all what comes from the system.
// [slices.Grow], [slices.Concat], [bytes.Buffer.Grow] and append clear and copy in one.
package large

// part is the number of elements that are copied in one.
const part = 1 << 15

// Grow returns s with room for n more elements, and no more than that if it has to be copied.
func Grow[T any](s []T, n int) []T {
	if n <= cap(s)-len(s) {
		return s
	}
	grown := make([]T, len(s), len(s)+n)
	copyParts(grown, s)
	return grown
}

// Concat is [slices.Concat].
func Concat[T any](slices ...[]T) []T {
	size := 0
	for _, s := range slices {
		size += len(s)
	}
	all := make([]T, size)
	at := all
	for _, s := range slices {
		copyParts(at, s)
		at = at[len(s):]
	}
	return all
}

// copyParts is copy. It can be interrupted between two parts.
func copyParts[T any](dst, src []T) {
	for len(src) > part {
		copyPart(dst, src[:part])
		dst, src = dst[part:], src[part:]
	}
	copyPart(dst, src)
}

// copyPart is copy. The runtime looks where a function begins whether it should be interrupted. It would not be if
// the function were part of the loop, because then almost all time is spent in the copying itself.
//
//go:noinline
func copyPart[T any](dst, src []T) { copy(dst, src) }
