//go:build !js

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"edgeframe/cli/client"
	"edgeframe/codec/formats"
)

// uploading are the flags of upload.
type uploading struct {
	ttl              string
	filename, format string
	quiet            bool
	// size is how many bytes the file must have, -1 for any number.
	size int64
	// another says that a receipt has been printed already.
	another bool
}

func (a *app) uploadVerb() *cobra.Command {
	var u uploading
	verb := &cobra.Command{
		Use:   "upload FILE...",
		Short: "Make a session of each file; - is the standard input",
		Long: `Make a session of each file, and show how the server understood it. - is the standard input,
which is read to its end before anything is sent; give --filename or --format with it if
the first bytes do not tell the format. A program before it in a pipe that fails looks like
the end of the file: --size says how many bytes there must be.`,
		Args: takes(1, -1, "the files to upload, or - for the standard input"),
		Example: example(
			"edgeframe upload trial.csv",
			"edgeframe upload trial.csv --ttl 1d --dtype zip:utf8",
			"ID=$(zcat trial.csv.gz | edgeframe upload - --filename trial.csv -q)",
			"curl -s $FROM | edgeframe upload - --size 52833"),
		RunE: func(verb *cobra.Command, args []string) error {
			ctx, stop := untilSignal()
			defer stop()
			return a.upload(ctx, args, u, readValues(verb))
		},
	}
	flags := a.remote(verb).Flags()
	flags.StringVar(&u.ttl, "ttl", "", "the `TIME` that the session lives after its last use, such as 90m, 12h or 7d")
	flags.StringVar(&u.filename, "filename", "", "the `NAME` of the file, instead of its own")
	flags.StringVar(&u.format, "format", "", "the `FORMAT` of the file, such as csv, instead of what its name says")
	flags.Int64Var(&u.size, "size", -1, "the `NUMBER` of bytes that the file must have; if it has another one, nothing is sent")
	flags.BoolVarP(&u.quiet, "quiet", "q", false, "print the id alone")
	a.documents(verb)
	readFlags(verb)
	return verb
}

// upload uploads files one after the other. A file that is refused does not stop the others.
func (a *app) upload(ctx context.Context, files []string, u uploading, params url.Values) error {
	if (u.filename != "" || u.size >= 0) && len(files) > 1 {
		return usagef("--filename and --size are for one file")
	}
	if err := setTTL(params, u.ttl); err != nil {
		return err
	}
	s, err := a.connect()
	if err != nil {
		return err
	}
	var refused error
	for _, file := range files {
		err := a.uploadOne(ctx, s, file, u, params)
		if problemOf(err) == nil && err != nil || len(files) == 1 {
			return err
		}
		if err != nil {
			fmt.Fprintf(a.err, "%s %s: %s%s\n", a.err.red("edgeframe:"), escape(file), escape(err.Error()), a.hint(nil, err))
			refused = errReported
			continue
		}
		u.another = true
	}
	return refused
}

// setTTL sets the parameter for the life of a session, if it is given.
func setTTL(params url.Values, life string) error {
	if life == "" {
		return nil
	}
	ttl, err := parseDuration(life)
	if err != nil {
		return usagef("--ttl %v", err)
	}
	params.Set("ttl_seconds", strconv.FormatInt(int64(ttl/time.Second), 10))
	return nil
}

func (a *app) uploadOne(ctx context.Context, s *server, file string, u uploading, params url.Values) error {
	in, err := a.input(ctx, file)
	if err != nil {
		return err
	}
	defer in.Close()
	if u.size >= 0 && in.size != u.size {
		return fmt.Errorf("nothing was sent, because the input has %s, and --size says %s", plural(in.size, "byte"), grouped(u.size))
	}
	query := url.Values{}
	for name, values := range params {
		query[name] = values
	}
	name := u.filename
	if name == "" && file != "-" {
		name = filepath.Base(file)
	}
	if name != "" {
		query.Set("filename", name)
	}
	contentType, err := uploadType(name, u.format, params)
	if err != nil {
		return err
	}
	var doc *session
	var sheets sheetList
	bar := a.bar(in.size, !u.quiet)
	q := client.Request{Method: http.MethodPost, Path: sessionsPath, Query: query, Body: in.body(contentType, bar)}
	err = s.Do(ctx, q, func(resp *http.Response) error {
		if resp.StatusCode == http.StatusAccepted {
			_, err = readDocument(resp, &sheets)
			return err
		}
		doc, err = s.readSession(resp)
		return err
	})
	_ = bar.Finish()
	switch {
	case err != nil:
		return err
	case doc == nil:
		return a.chooseSheet(ctx, s, sheets)
	case u.quiet:
		_, err = fmt.Fprintln(a.out, escape(doc.ID))
		return err
	case a.asJSON:
		return a.printRaw(doc.raw)
	}
	if u.another {
		fmt.Fprintln(a.out)
	}
	a.printReceipt(doc)
	return nil
}

// uploadType is the content type of a file: that of its format if one is given. Arrow streams may be larger than other
// files if their content type says what they are.
func uploadType(name, format string, params url.Values) (string, error) {
	if format != "" {
		f := formats.ByName(format)
		if f == nil {
			return "", usagef("--format %s: it must be one of %s", format, formatNames())
		}
		return f.MediaTypes[0], nil
	}
	if f := formats.ByFilename(name); f != nil && f.Name == "arrow" && !params.Has("dtype") {
		return f.MediaTypes[0], nil
	}
	return "application/octet-stream", nil
}

// source is a file that is read, with a known size.
type source struct {
	file  *os.File
	start int64
	size  int64
	// temporary says that the file is removed afterwards.
	temporary bool
}

// input opens a file, or - for the standard input. What is not a file is read to its end first, into a
// temporary one: so nothing is sent of what ends in an error, and what is sent can be sent again.
func (a *app) input(ctx context.Context, name string) (*source, error) {
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		return a.sized(ctx, file)
	}
	if file, ok := a.Stdin.(*os.File); ok {
		return a.sized(ctx, file)
	}
	return spool(ctx, a.Stdin)
}

// sized returns a file from where it stands.
func (a *app) sized(ctx context.Context, file *os.File) (*source, error) {
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", file.Name())
	case !info.Mode().IsRegular():
		return spool(ctx, file)
	}
	at, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	return &source{file: file, start: at, size: max(0, info.Size()-at)}, nil
}

// spool copies what is read into a temporary file.
func spool(ctx context.Context, from io.Reader) (*source, error) {
	file, err := os.CreateTemp("", "edgeframe-*")
	if err != nil {
		return nil, err
	}
	s := &source{file: file, temporary: true}
	type result struct {
		n   int64
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := io.Copy(file, from)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		s.size = r.n
		if r.err != nil {
			s.Close()
			return nil, fmt.Errorf("nothing was sent, because the input could not be read: %w", r.err)
		}
		return s, nil
	case <-ctx.Done():
		// The read cannot be stopped; the process ends.
		s.Close()
		return nil, ctx.Err()
	}
}

// Close closes the file, and removes a temporary one.
func (s *source) Close() {
	s.file.Close()
	if s.temporary {
		_ = os.Remove(s.file.Name())
	}
}

// body makes a body of the file, whose progress bar shows.
func (s *source) body(contentType string, bar *progressbar.ProgressBar) *client.Body {
	return &client.Body{Type: contentType, Size: s.size, Open: func() (io.ReadCloser, error) {
		bar.Reset()
		in := progressbar.NewReader(io.NewSectionReader(s.file, s.start, s.size), bar)
		return &in, nil
	}}
}

// bar returns a progress bar for bytes, which only a person at a terminal sees.
func (a *app) bar(size int64, wanted bool) *progressbar.ProgressBar {
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(a.Stderr),
		progressbar.OptionSetVisibility(wanted && a.err.terminal),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish(),
	)
}

// parseDuration reads a duration such as 90s, 12h or 7d.
func parseDuration(text string) (time.Duration, error) {
	var days float64
	unit := ""
	if n, _ := fmt.Sscanf(text, "%f%s", &days, &unit); n == 2 && unit == "d" {
		return time.Duration(days * float64(24*time.Hour)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New(text + " is not a duration; it must be like 90s, 12h or 7d")
	}
	return d, nil
}
