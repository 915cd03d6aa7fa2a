//go:build !js

package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// The groups of verbs, in the order of the help.
const (
	groupSessions = "sessions"
	groupFiles    = "files"
	groupServer   = "server"
)

// root returns the command with all verbs.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "edgeframe",
		Short: "Versioned, expiring DataFrame sessions behind one HTTP API",
		Long: `Versioned, expiring DataFrame sessions behind one HTTP API.

Without a verb, edgeframe runs the server; its settings come from the environment. The
verbs for sessions call the server at EDGEFRAME_URL (http://127.0.0.1:8000 if it is not
set) with the token in EDGEFRAME_TOKEN.

Exit codes: 0 done; 1 refused or failed, with the reason on the standard error; 2 wrong
arguments or configuration; 3 the server cannot be reached.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("there is no verb %q%s", args[0], a.nearest(args[0]))
			}
			return nil
		},
		RunE:                       func(*cobra.Command, []string) error { return a.serve() },
		Version:                    a.Version,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
	}
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.SetVersionTemplate("edgeframe {{.Version}}\n")
	root.SetHelpCommandGroupID(groupServer)
	root.AddGroup(
		&cobra.Group{ID: groupSessions, Title: "Sessions on a server:"},
		&cobra.Group{ID: groupFiles, Title: "Files:"},
		&cobra.Group{ID: groupServer, Title: "The server:"},
	)
	root.SetCompletionCommandGroupID(groupFiles)
	a.addVerbs(root)
	root.InitDefaultCompletionCmd()
	for _, verb := range root.Commands() {
		if verb.Name() == "completion" {
			verb.Example = example("source <(edgeframe completion bash)", "edgeframe completion fish > ~/.config/fish/completions/edgeframe.fish")
		}
	}
	return root
}

// addVerbs adds the verbs, in the order of the help.
func (a *app) addVerbs(root *cobra.Command) {
	cobra.EnableCommandSorting = false
	for _, group := range []struct {
		id    string
		verbs []*cobra.Command
	}{
		{groupSessions, []*cobra.Command{
			a.uploadVerb(), a.lsVerb(), a.showVerb(), a.dataVerb(), a.getVerb(), a.editVerb(), a.undoVerb(), a.redoVerb(),
			a.versionsVerb(), a.diffVerb(), a.cellsVerb(), a.nameVerb(), a.restoreVerb(), a.recipeVerb(), a.shareVerb(), a.tokenVerb(), a.openVerb(), a.rmVerb(),
		}},
		{groupFiles, []*cobra.Command{a.convertVerb(), a.applyVerb()}},
		{groupServer, []*cobra.Command{a.serveVerb(), a.healthVerb(), a.migrateVerb(), a.backupVerb(), a.repairVerb(), a.versionVerb()}},
	} {
		for _, verb := range group.verbs {
			verb.GroupID = group.id
			verb.DisableFlagsInUseLine = true
			verb.Flags().SortFlags = false
			root.AddCommand(verb)
		}
	}
}

// nearest suggests verbs that are spelled like a word.
func (a *app) nearest(word string) string {
	root := &cobra.Command{SuggestionsMinimumDistance: 2}
	a.addVerbs(root)
	found := root.SuggestionsFor(word)
	if len(found) == 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", strings.Join(found, " or "))
}

// takes is the Args of a verb that takes from least to most arguments, which what names, such as "an ID".
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(verb *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return usagef("%s takes %s, and got %s", verb.Name(), what, plural(len(args), "argument"))
		}
		return nil
	}
}

// plural is a number with its noun.
func plural[N int | int64](n N, noun string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", noun)
	}
	return fmt.Sprintf("%s %ss", grouped(int64(n)), noun)
}

// example is how the help shows examples: each line indented.
func example(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }

// flagError says what the flag of an error takes, and not what Go says about its value.
func flagError(err error) error {
	given, cause, _ := strings.Cut(err.Error(), " flag: ")
	number, ok := errors.AsType[*strconv.NumError](err)
	switch {
	case ok && number.Func == "ParseBool":
		return usagef("%s flag; it must be true or false", given)
	case ok:
		return usagef("%s flag; it must be a whole number", given)
	case strings.HasPrefix(cause, "time: "):
		return usagef("%s flag; it must be a duration such as 10s or 2m", given)
	}
	return usagef("%v", err)
}
