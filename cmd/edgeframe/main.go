//go:build !js

// Command edgeframe is the native server.
//
// It exits with 0 after an orderly end, with 1 if it cannot start or the probed server is
// not healthy, and with 2 if its arguments or its configuration are wrong.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
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
)

// version is set by the linker for releases.
var version string

type commands struct {
	Serve   serveCommand   `cmd:"" default:"1" help:"Serve until told to stop (the default)."`
	Health  healthCommand  `cmd:"" help:"Probe the server that the configuration describes."`
	Migrate migrateCommand `cmd:"" help:"Copy the live sessions of one store to another, with their history and the rest of their life. What the target has already is not copied again, so it may be stopped and repeated."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

type (
	serveCommand  struct{}
	healthCommand struct {
		Storage bool          `help:"Print the health document of the storage instead of asking for readiness."`
		Timeout time.Duration `default:"3s" help:"How long to wait for the answer."`
	}
	migrateCommand struct {
		From string `required:"" placeholder:"URL" help:"The store to copy from: disk:<directory>, redis://host:port/db or rediss://host:port/db. $${NAME} stands for a variable of the environment."`
		To   string `required:"" placeholder:"URL" help:"The store to copy to."`
	}
	versionCommand struct{}
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code.
func run(args, environ []string, stdout, stderr io.Writer) int {
	command, code, done := parse(args, stdout, stderr)
	if done {
		return code
	}
	if _, ok := command.(*versionCommand); ok {
		fmt.Fprintln(stdout, "edgeframe", versionText())
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
	default:
		err = serve(app)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "edgeframe:", err)
	if errors.Is(err, native.ErrAddress) {
		return exitUsage
	}
	return exitFailed
}

// parse returns the command that args name. It is done if there is nothing left to do, as
// after --help.
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

// untilSignal returns a context that ends at the first signal; a second one ends the process
// at once. So that none is lost between, the first is given up before anything reacts to it.
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

// run copies. The progress bar is for people: it is shown on a terminal only.
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

// versionText is the linked version, or what the build recorded.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version + " " + info.GoVersion
}
