//go:build linux

package attack

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// stalled asks for a table from twelve clients that read nothing for a while, then a little, and leave.
func stalled(ctx context.Context, w *world) []reply {
	return each(12, func() reply {
		got := w.raw(ctx, func(conn *net.TCPConn) error {
			_ = conn.SetReadBuffer(4096) // so that little is on its way
			_, err := fmt.Fprintf(conn, "GET %s/%s/data?format=arrow HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", sessions, w.whole, host(w))
			pause(ctx, 12*time.Second)
			return err
		}, 64<<10)
		got.left = got.err == nil
		return got
	})
}

// each collects the replies of n clients that work at the same time.
func each(n int, client func() reply) []reply {
	replies := make([]reply, n)
	var group sync.WaitGroup
	for i := range replies {
		group.Go(func() {
			begin := time.Now()
			replies[i] = client()
			replies[i].took = time.Since(begin)
		})
	}
	group.Wait()
	return replies
}

// held begins sixty uploads of 42 MB, all but the last bytes. It then sends a byte now and then, and
// the rest after some time.
func held(ctx context.Context, w *world) []reply {
	const (
		clients = 60
		last    = 10
	)
	file := csvFile(42 * mb)
	return each(clients, func() reply {
		return w.raw(ctx, func(conn *net.TCPConn) error {
			_, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", sessions, host(w), csvType, len(file))
			rest := file
			for _, n := range []int{len(file) - last, 1, 1, last - 2} {
				if err == nil {
					_, err = conn.Write(rest[:n])
					rest = rest[n:]
				}
				if err == nil && len(rest) > 0 {
					pause(ctx, 5*time.Second)
				}
			}
			return err
		}, math.MaxInt64)
	})
}

func host(w *world) string { return strings.TrimPrefix(w.server.URL, "http://") }

// raw opens a connection, sends a request, and reads at most so many bytes of the answer's body. The
// server may answer before it has the whole request and close; then it is the answer that counts.
func (w *world) raw(ctx context.Context, ask func(*net.TCPConn) error, most int64) reply {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host(w))
	if err != nil {
		return reply{err: err}
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	asked := ask(conn.(*net.TCPConn))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		if asked != nil {
			err = fmt.Errorf("%w, after %w", err, asked)
		}
		return reply{err: err}
	}
	// The body is not closed, because that would read the rest of it.
	return read(answer, most)
}

// pause returns after some time, or when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// formats downloads a table in each format that has whole tables, at the same time. The clients leave
// after a while.
func formats(ctx context.Context, w *world) []reply {
	names := []string{"csv", "tsv", "ndjson", "msgpack", "parquet", "arrow_file", "xlsx"}
	stay, leave := context.WithTimeout(ctx, 10*time.Second)
	defer leave()
	replies := together(stay, w.server.URL, len(names), func(client int) request {
		return download(w.halves[0], "format="+names[client])
	})
	for i := range replies {
		replies[i].left = replies[i].err != nil && stay.Err() != nil && ctx.Err() == nil
	}
	return replies
}
