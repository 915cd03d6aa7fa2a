//go:build !js

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"edgeframe/native"
)

// load reads the configuration of the server from the environment and .env.
func (a *app) load() (native.App, []string, error) {
	app := native.App{Version: a.Version, Out: a.Stdout}
	environ, err := native.Environ(".", a.Environ)
	if err == nil {
		app.Config, app.Warnings, err = native.Load(environ)
	}
	if err != nil {
		return app, nil, &configError{err}
	}
	return app, environ, nil
}

// configError says that the configuration is wrong. It has several lines.
type configError struct{ error }

// serverVerb is a verb that takes no arguments and reads the configuration of the server.
func (a *app) serverVerb(use, short, long, examples string, run func(ctx context.Context, app native.App, environ []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Example: examples, Args: takes(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			app, environ, err := a.load()
			if err != nil {
				return err
			}
			ctx, stop := untilSignal()
			defer stop()
			return run(ctx, app, environ)
		},
	}
}

func (a *app) serveVerb() *cobra.Command {
	verb := a.serverVerb("serve", "Run the server until it is stopped (the default)",
		"Run the server until it is stopped. All settings come from the environment, or from .env in\nthe working directory.",
		example("PORT=9000 STORAGE_DIR=/srv/edgeframe edgeframe serve"), nil)
	verb.RunE = func(*cobra.Command, []string) error { return a.serve() }
	return verb
}

func (a *app) serve() error {
	app, _, err := a.load()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	if err := app.Run(ctx); err != nil {
		return fmt.Errorf("cannot serve: %w", err)
	}
	return nil
}

func (a *app) migrateVerb() *cobra.Command {
	var from, to string
	verb := a.serverVerb("migrate --from URL --to URL", "Copy all sessions from one store to another",
		"Copy all sessions from one store to another, with their history and their expiry times. Sessions\nalready present in the target are skipped, so it can be interrupted and rerun. A store is\ndisk:<directory>, redis://host:port/db or rediss://host:port/db; ${NAME} is replaced by the\nenvironment variable.",
		example("edgeframe migrate --from disk:/srv/edgeframe --to redis://10.0.0.1:6379/0"),
		func(ctx context.Context, app native.App, environ []string) error {
			m := native.Migration{Config: app.Config, Environ: environ, From: from, To: to, Out: a.Stdout}
			if file, ok := a.Stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
				m.Progress = file
			}
			return prefixed("migrate", m.Run(ctx))
		})
	verb.Flags().StringVar(&from, "from", "", "the `STORE` to copy from")
	verb.Flags().StringVar(&to, "to", "", "the `STORE` to copy to")
	require(verb, "from", "to")
	return verb
}

func (a *app) repairVerb() *cobra.Command {
	return a.serverVerb("repair", "Check the embedded store and set damaged files aside",
		"Check the embedded store in STORAGE_DIR while no server uses it, set damaged files aside and keep\nwhat is readable of them. The exit code is 0 if nothing is lost, 3 if something is, 1 if the store\ncannot be repaired.",
		example("STORAGE_DIR=/srv/edgeframe edgeframe repair"),
		func(_ context.Context, app native.App, _ []string) error {
			return prefixed("repair", native.Repair{Config: app.Config, Out: a.Stdout}.Run())
		})
}

func (a *app) backupVerb() *cobra.Command {
	var to string
	verb := a.serverVerb("backup --to FILE", "Write a consistent copy of the embedded store",
		"Write a consistent copy of the embedded store in STORAGE_DIR, also while a server on this machine\nuses it. The file is there when the backup is complete; - is the standard output.",
		example("STORAGE_DIR=/srv/edgeframe edgeframe backup --to /backup/edgeframe-$(date +%F)"),
		func(ctx context.Context, app native.App, _ []string) error {
			b := native.Backup{Config: app.Config, File: to, Out: a.Stderr}
			if to == "-" {
				b.File, b.Stream = "", a.Stdout
			}
			return prefixed("backup", b.Run(ctx))
		})
	verb.Flags().StringVar(&to, "to", "", "the `FILE` to write, or - for the standard output")
	require(verb, "to")
	return verb
}

// restoreBackup makes the store of a backup.
func (a *app) restoreBackup(from string) error {
	app, _, err := a.load()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	r := native.Restore{Config: app.Config, File: from, Out: a.Stdout}
	if from == "-" {
		r.File, r.Stream = "", a.Stdin
	}
	return prefixed("restore", r.Run(ctx))
}

func prefixed(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", verb, err)
}

// require makes flags necessary.
func require(verb *cobra.Command, names ...string) {
	verb.PreRunE = func(verb *cobra.Command, _ []string) error {
		for _, name := range names {
			if !verb.Flags().Changed(name) {
				return usagef("%s needs --%s", verb.Name(), name)
			}
		}
		return nil
	}
}

func (a *app) versionVerb() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version, the commit and the build", Args: takes(0, 0, "no arguments"),
		Example: example("edgeframe version"),
		RunE: func(*cobra.Command, []string) error {
			release, commit, known := strings.Cut(a.Version, "+")
			fmt.Fprintln(a.out, "edgeframe", release)
			if known {
				fmt.Fprintln(a.out, "commit", commit)
			}
			fmt.Fprintf(a.out, "built with %s for %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// probe asks the configured server for a health document, as containers do.
func (a *app) probe(path string, timeout time.Duration) error {
	app, _, err := a.load()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var document bytes.Buffer
	err = native.Probe(ctx, app.Config, path, &document)
	if document.Len() > 0 {
		fmt.Fprintln(a.out, document.String())
	}
	return err
}
