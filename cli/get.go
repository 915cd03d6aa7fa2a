//go:build !js

package cli

import (
	"cmp"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"edgeframe/codec/formats"
)

func (a *app) getVerb() *cobra.Command {
	sel := selection{limit: -1}
	var format, file string
	verb := &cobra.Command{
		Use:   "get ID",
		Short: "Download the table of a session",
		Long: `Download the whole table of a session, or the rows and columns that the flags select: to a
file, in the format that its name or --format says, or to the standard output as CSV. The
file is there when the download is complete.`,
		Args: takes(1, 1, "the id of a session"),
		Example: example(
			"edgeframe get 0d68 -o trial.parquet",
			"edgeframe get 0d68 --format csv | wc -l",
			"edgeframe get 0d68 --version 1 --where 'site = A' -o first.xlsx"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.get(args[0], sel, format, file)
		},
		ValidArgsFunction: a.completeIDs,
	}
	selectFlags(a.remote(verb), &sel)
	verb.Flags().StringVarP(&file, "output", "o", "", "the `FILE` to write")
	verb.Flags().StringVar(&format, "format", "", "the `FORMAT`: "+formatNames())
	complete(verb, "format", splitNames())
	return verb
}

func (a *app) get(id string, sel selection, format, file string) error {
	if file == "-" {
		file = ""
	}
	if format == "" && file != "" {
		f := formats.ByFilename(file)
		if f == nil {
			return usagef("the name %s does not say the format; give --format with one of %s", filepath.Base(file), formatNames())
		}
		format = f.Name
	}
	return a.download(id, sel, cmp.Or(format, "csv"), file)
}

// writeFile makes a file of what write writes. Until it is complete it has another name, so that nobody takes a part
// for the whole. write calls again before it writes from the beginning.
func writeFile(name string, write func(w io.Writer, again func() error) error) (err error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		// A device or a pipe cannot be replaced.
		return writeInto(name, write)
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temp.Close()
			_ = os.Remove(temp.Name())
		}
	}()
	again := func() error {
		if err := temp.Truncate(0); err != nil {
			return err
		}
		_, err := temp.Seek(0, io.SeekStart)
		return err
	}
	if err := write(temp, again); err != nil {
		return err
	}
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}

// writeInto writes into what is there already.
func writeInto(name string, write func(w io.Writer, again func() error) error) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = write(file, func() error { return nil })
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
