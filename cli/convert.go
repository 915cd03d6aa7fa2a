//go:build !js

package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) convertVerb() *cobra.Command {
	var from, to string
	var quiet bool
	verb := &cobra.Command{
		Use:   "convert FILE FILE",
		Short: "Convert a file into another format, without a server",
		Long: `Convert a file into another format, as an upload and a download would. The names say the
formats. - is the standard input or output; what is written there is CSV unless --to says
otherwise. The table is in memory as a whole.`,
		Args: takes(2, 2, "the file to read and the file to write"),
		Example: example(
			"edgeframe convert in.xlsx out.parquet",
			"edgeframe convert in.csv.gz out.arrow --dtype zip:utf8",
			"cat in.json | edgeframe convert - - --to csv"),
		RunE: func(verb *cobra.Command, args []string) error {
			ctx, stop := untilSignal()
			defer stop()
			table, err := a.readTable(ctx, args[0], from, readValues(verb), nil)
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := a.writeTable(args[1], to, table); err != nil {
				return err
			}
			if !quiet && a.err.terminal {
				fmt.Fprintln(a.err, a.err.dim(escape(fileTitle(args[1], [2]int64{table.NumRows(), int64(table.Schema.NumFields())}))))
				a.printNotesOf(table)
			}
			return nil
		},
	}
	flags := verb.Flags()
	flags.StringVar(&from, "from", "", "the `FORMAT` of the first file, if its name does not say it")
	flags.StringVar(&to, "to", "", "the `FORMAT` of the second file, if its name does not say it")
	flags.BoolVarP(&quiet, "quiet", "q", false, "say nothing on the standard error")
	readFlags(verb)
	return verb
}

// printNotesOf says on the standard error what was noticed about a file.
func (a *app) printNotesOf(table *localTable) {
	for _, text := range table.Receipt.Notes {
		fmt.Fprintln(a.err, a.err.dim("note: "+escape(text)))
	}
}
