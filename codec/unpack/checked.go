package unpack

import (
	"errors"
	"hash/crc32"
	"io"
)

// checked compares the size and the checksum of what it reads with those that the archive has.
type checked struct {
	in        io.Reader
	left      uint64
	sum, want uint32
}

var (
	errSize = errors.New("it has another size than the archive says")
	errSum  = errors.New("its checksum is wrong")
)

// Read implements [io.Reader].
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	if uint64(n) > c.left {
		return 0, errSize
	}
	c.left -= uint64(n)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	switch {
	case err != io.EOF:
	case c.left > 0:
		err = errSize
	case c.sum != c.want:
		err = errSum
	}
	return n, err
}
