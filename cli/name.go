//go:build !js

package cli

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
)

func (a *app) nameVerb() *cobra.Command {
	var remove bool
	verb := &cobra.Command{
		Use:   "name ID VERSION NAME",
		Short: "Name a version, so that it stays",
		Long: `Name a version: it is kept whatever comes later, and can be read as @NAME. With --remove and
without a name, the version loses its name.`,
		Example: example("edgeframe name 0d68 4 'raw, locked'", "edgeframe data 0d68 --version '@raw, locked'", "edgeframe name 0d68 4 --remove"),
		Args: func(verb *cobra.Command, args []string) error {
			if remove {
				return takes(2, 2, "the id of a session and a version with --remove")(verb, args)
			}
			return takes(3, 3, "the id of a session, a version and its name")(verb, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			q := client.Request{Method: http.MethodDelete, Path: "/versions/" + url.PathEscape(args[1]) + "/name"}
			if !remove {
				q.Method, q.Body = http.MethodPut, client.JSON(object{"name": args[2]})
			}
			return a.ask(args[0], q, new(versionList))
		},
		ValidArgsFunction: a.completeIDs,
	}
	a.remote(verb).Flags().BoolVar(&remove, "remove", false, "remove the name")
	return a.documents(verb)
}
