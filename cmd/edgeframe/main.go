//go:build !js

// Command edgeframe is the native server.
//
// It exits with 0 after an orderly stop, with 1 if it cannot start or the probed server is not
// healthy, with 2 if its arguments or its configuration are wrong, and with 3 if repair found that
// something is damaged or lost. A second signal while it stops ends it as that signal does by default.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"edgeframe/native"
)

const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitLost   = 3
)

// version is set by the linker: the release, and behind a plus sign the commit, such as 1.2.3+1ca5d04f2a11.
var version string

type commands struct {
	Serve   serveCommand   `cmd:"" default:"1" help:"Run the server until it is stopped (the default)."`
	Health  healthCommand  `cmd:"" help:"Check whether the configured server is ready."`
	Migrate migrateCommand `cmd:"" help:"Copy all sessions from one store to another, with their history and their expiry times. Sessions already present in the target are skipped, so it can be interrupted and rerun."`
	Repair  repairCommand  `cmd:"" help:"Check the embedded store in STORAGE_DIR while no server uses it, set damaged files aside and keep what is readable of them. The exit code is 0 if nothing is lost, 3 if something is, 1 if the store cannot be repaired."`
	Backup  backupCommand  `cmd:"" help:"Write a consistent copy of the embedded store in STORAGE_DIR, also while a server on this machine uses it."`
	Restore restoreCommand `cmd:"" help:"Make the embedded store of a backup in STORAGE_DIR, which must be empty. It can be interrupted and rerun."`
	Version versionCommand `cmd:"" help:"Print the version, the commit and the build."`
}

type (
	serveCommand  struct{}
	healthCommand struct {
		Storage bool          `help:"Print the health document of the storage instead of checking readiness."`
		Timeout time.Duration `default:"3s" help:"How long to wait for the answer."`
	}
	migrateCommand struct {
		From string `required:"" placeholder:"URL" help:"The store to copy from: disk:<directory>, redis://host:port/db or rediss://host:port/db. $${NAME} is replaced by the environment variable."`
		To   string `required:"" placeholder:"URL" help:"The store to copy to, in the same form."`
	}
	repairCommand struct{}
	backupCommand struct {
		To string `required:"" placeholder:"FILE" help:"The file to write, or - for the standard output. The file is there when the backup is complete."`
	}
	restoreCommand struct {
		From string `required:"" placeholder:"FILE" help:"The file to read, or - for the standard input."`
	}
	versionCommand struct{}
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run does what main does, and returns the exit code.
func run(args, environ []string, stdout, stderr io.Writer) int {
	command, code, done := parse(args, stdout, stderr)
	if done {
		return code
	}
	if _, ok := command.(*versionCommand); ok {
		printVersion(stdout)
		return exitOK
	}

	app := native.App{Version: versionText(), Out: stdout}
	environ, err := native.Environ(".", environ)
	if err == nil {
		app.Config, app.Warnings, err = native.Load(environ)
	}
	if err != nil {
		fmt.Fprintln(stderr, "edgeframe:", err)
		return exitUsage
	}
	switch command := command.(type) {
	case *healthCommand:
		err = command.run(app.Config, stdout)
	case *migrateCommand:
		err = command.run(app.Config, environ, stdout, stderr)
	case *repairCommand:
		err = command.run(app.Config, stdout)
	case *backupCommand:
		err = command.run(app.Config, stdout, stderr)
	case *restoreCommand:
		err = command.run(app.Config, stdout)
	default:
		err = serve(app)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "edgeframe:", err)
	switch {
	case errors.Is(err, native.ErrAddress):
		return exitUsage
	case errors.Is(err, native.ErrLost):
		return exitLost
	}
	return exitFailed
}

// parse returns the command that args name. If done is true, nothing is left to do, for instance
// after --help, and code is the exit code.
func parse(args []string, stdout, stderr io.Writer) (command any, code int, done bool) {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("edgeframe"),
		kong.Description("Versioned, expiring DataFrame sessions behind one HTTP API. All settings come from the environment."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { done = true }),
	)
	if err != nil {
		fmt.Fprintln(stderr, "edgeframe:", err)
		return nil, exitFailed, true
	}
	ctx, err := parser.Parse(args)
	if done {
		return nil, exitOK, true
	}
	if err != nil {
		fmt.Fprintf(stderr, "edgeframe: %v; see edgeframe --help\n", err)
		return nil, exitUsage, true
	}
	return ctx.Selected().Target.Addr().Interface(), exitOK, false
}

// untilSignal returns a context that is done at the first signal. A second signal ends the process
// immediately: handling of signals is switched off before the context is done, so that no signal
// is lost in between.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx, cancel
}

func serve(app native.App) error {
	ctx, stop := untilSignal()
	defer stop()
	if err := app.Run(ctx); err != nil {
		return fmt.Errorf("cannot serve: %w", err)
	}
	return nil
}

func (c *healthCommand) run(cfg native.Config, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	path := "/health/ready"
	if c.Storage {
		path = "/health/storage"
	}
	var document bytes.Buffer
	err := native.Probe(ctx, cfg, path, &document)
	if document.Len() > 0 {
		fmt.Fprintln(stdout, document.String())
	}
	return err
}

// run copies the sessions. The progress bar is shown on a terminal only.
func (c *migrateCommand) run(cfg native.Config, environ []string, stdout, stderr io.Writer) error {
	ctx, stop := untilSignal()
	defer stop()
	m := native.Migration{Config: cfg, Environ: environ, From: c.From, To: c.To, Out: stdout}
	if file, ok := stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		m.Progress = file
	}
	if err := m.Run(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func (c *repairCommand) run(cfg native.Config, stdout io.Writer) error {
	if err := (native.Repair{Config: cfg, Out: stdout}).Run(); err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	return nil
}
