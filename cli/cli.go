//go:build !js

// Package cli is the command line: one verb for each call of the API, the verbs that run and look after a server,
// and those that read and write files without one.
//
// What a verb prints on the standard output is what was asked for; everything else, such as progress and errors,
// goes to the standard error. Texts of the server are shown with control characters escaped, so that a table
// cannot steer a terminal. Nothing is asked interactively. The exit codes are those of [Program.Run].
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
	"edgeframe/native"
)

// The exit codes.
const (
	exitOK          = 0
	exitRefused     = 1
	exitUsage       = 2
	exitUnreachable = 3
	// exitLost is of repair alone: something is damaged or lost.
	exitLost = 3
	// exitInterrupted is that of a program that the user has stopped.
	exitInterrupted = 128 + int(syscall.SIGINT)
)

// Program is one run of the program.
type Program struct {
	// Version is the release, and behind a plus sign the commit.
	Version string
	// Environ is the environment as NAME=value.
	Environ []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
}

// app is what the verbs of one run share.
type app struct {
	Program
	out, err screen
	// address, retry and asJSON are flags of verbs that call a server.
	address string
	retry   retryBudget
	asJSON  bool
}

// Run runs the verb that args name and returns the exit code: 0 if it is done, 1 if the server refuses it or it
// fails, 2 if the arguments or the configuration are wrong, 3 if the server cannot be reached, and 130 after
// Ctrl-C. Repair returns 3 if something is lost.
func (p Program) Run(args []string) int {
	a := &app{Program: p, out: newScreen(p.Stdout, p.Environ), err: newScreen(p.Stderr, p.Environ)}
	root := a.root()
	root.SetArgs(args)
	verb, err := root.ExecuteC()
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	if !errors.Is(err, errReported) {
		fmt.Fprintf(a.err, "%s %s%s\n", a.err.red("edgeframe:"), escapeLines(sentence(err)), a.hint(verb, err))
	}
	return code
}

// errReported is the error of a verb that has said already what is wrong.
var errReported = errors.New("")

// sentence is what is said about an error.
func sentence(err error) string {
	if problemOf(err) != nil {
		return escape(err.Error())
	}
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return err.Error()
}

// exitCode is the exit code of an error.
func exitCode(err error) int {
	switch {
	case errors.As(err, new(*usageError)), errors.Is(err, native.ErrAddress), errors.As(err, new(*configError)):
		return exitUsage
	case errors.As(err, new(*client.Unreachable)):
		return exitUnreachable
	case errors.Is(err, native.ErrLost):
		return exitLost
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitRefused
}

// hint is what follows the sentence of an error: where to read more.
func (a *app) hint(verb *cobra.Command, err error) string {
	var u *usageError
	var p *client.Problem
	switch {
	case errors.As(err, &u) && u.help:
		return fmt.Sprintf("; see %s --help", verb.CommandPath())
	case errors.As(err, &p):
		about := fmt.Sprintf("%d %s", p.Status, escape(p.Code))
		if p.RequestID != "" {
			about += ", request " + escape(p.RequestID)
		}
		if p.Status == http.StatusUnauthorized {
			return "; the token is taken from EDGEFRAME_TOKEN" + a.err.dim(" ("+about+")")
		}
		return a.err.dim(" (" + about + ")")
	}
	return ""
}

// usageError says that the arguments or the configuration are wrong.
type usageError struct {
	text string
	// help says that the help of the verb says more.
	help bool
}

func (e *usageError) Error() string { return e.text }

// usagef is the error of wrong arguments.
func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...), true}
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
