//go:build !js

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"path/filepath"
	"strings"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/codec/scalar"
	"edgeframe/codec/unpack"
	"edgeframe/recipe"
)

// localLimits are those of tables that are read without a server: the memory of this machine is the user's own.
var localLimits = codec.Limits{Bytes: math.MaxInt64 / 4}

// localTable is a table that was read from a file.
type localTable struct {
	*codec.Table
	format *codec.Format
}

// readTable reads a file as the server reads an upload: its name, or else its first bytes, says the format, and what is
// compressed is unpacked. format is the name of the format, "" to find out. What params do not say, the recipe says, unless
// it is nil.
func (a *app) readTable(ctx context.Context, file, format string, params url.Values, of *recipe.Recipe) (*localTable, error) {
	in, err := a.input(ctx, file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data := make([]byte, in.size)
	if _, err := io.ReadFull(io.NewSectionReader(in.file, in.start, in.size), data); err != nil {
		return nil, err
	}
	name := filepath.Base(file)
	data, name, compression, err := unpackFile(data, name)
	if err != nil {
		return nil, named(file, err)
	}
	f := formats.ByFilename(name)
	if format != "" {
		if f = formats.ByName(format); f == nil {
			return nil, usagef("the format %s is not known; it must be one of %s", format, formatNames())
		}
	}
	if f == nil {
		f = formats.Detect(data)
	}
	if f == nil {
		return nil, usagef("neither the name of %s nor its first bytes say its format", file)
	}
	if of != nil {
		given, _ := of.Given(codec.Values(params), f)
		params = url.Values(given)
	}
	opt := codec.ReadOptions{Limits: localLimits, Strict: params.Get("strict") == "true", Compression: compression}
	if opt.DTypes, opt.TimeFormats, err = scalar.ParseDTypes(params["dtype"]); err != nil {
		return nil, usagef("%v", err)
	}
	if opt.Options, err = formats.Reading.Options(codec.Values(params), f); err != nil {
		return nil, usagef("%v", err)
	}
	table, err := f.Decode(data, opt)
	if choice, ok := errors.AsType[*codec.SheetChoice](err); ok {
		return nil, named(file, fmt.Errorf("%w; choose with --sheet-name", choice))
	}
	if err != nil {
		return nil, named(file, err)
	}
	return &localTable{table, f}, nil
}

// named is an error about a file.
func named(file string, err error) error {
	if file == "-" {
		file = "the standard input"
	}
	return fmt.Errorf("%s: %w", file, err)
}

// unpackFile replaces a compressed file by the file inside.
func unpackFile(data []byte, name string) (content []byte, inner, compression string, err error) {
	if err := formats.Foreign(data); err != nil {
		return nil, "", "", err
	}
	isTable := func(name string) bool { return formats.ByFilename(unpack.InnerName(name)) != nil }
	f, err := unpack.Open(data, name, isTable)
	if err != nil || f == nil {
		return data, name, "", err
	}
	if content, err = io.ReadAll(f.Content); err != nil {
		return nil, "", "", err
	}
	return content, strings.TrimSpace(f.Name), string(f.Compression), nil
}

// writeTable writes a table to a file in the format of its name, or in another one; to the standard output if the
// name is "-".
func (a *app) writeTable(file, format string, source codec.Source) error {
	if format == "" && file == "-" {
		format = "csv"
	}
	f := formats.ByFilename(file)
	if format != "" {
		f = formats.ByName(format)
	}
	if f == nil {
		return usagef("neither the name %s nor --to says the format to write; it must be one of %s", file, formatNames())
	}
	if file != "-" {
		return writeFile(file, func(w io.Writer, _ func() error) error {
			buffered := bufio.NewWriterSize(w, 1<<20)
			if err := f.Encode(buffered, source, codec.WriteOptions{}); err != nil {
				return err
			}
			return buffered.Flush()
		})
	}
	if a.out.terminal && !textFormats[f.Name] {
		return usagef("%s is not for terminals; write it to a file, or pipe it into a program", f.Name)
	}
	safe := a.out.safe()
	buffered := bufio.NewWriterSize(safe, 1<<20)
	err := f.Encode(buffered, source, codec.WriteOptions{})
	if err == nil && f.Name == "json" {
		_, err = buffered.WriteString("\n")
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = safe.Close()
	}
	return err
}
