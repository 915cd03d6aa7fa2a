//go:build !js

package redis

import (
	"context"
	"errors"
	"slices"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/kv"
)

// unusable are the errors of a server that answers and serves nothing to this client: it is starting, is
// not part of a working Cluster, has too many clients, or does not accept the password.
var unusable = []string{"LOADING ", "MASTERDOWN ", "CLUSTERDOWN ", "max number of clients reached", "NOAUTH ", "WRONGPASS ", "invalid password", "without any password configured"}

// answers are the errors that say that the server has been asked.
var answers = []error{kv.ErrConflict, kv.ErrFull, kv.ErrCorrupt, kv.ErrTooLarge, kv.ErrInvalid}

// IsOutage reports whether an error of a [Driver] says that Redis cannot be used at the moment, by whatever
// call: it cannot be reached, does not answer in time, or refuses its service. The error of a single
// command is an answer.
func IsOutage(err error) bool {
	var reply goredis.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return false
	case slices.ContainsFunc(answers, func(kind error) bool { return errors.Is(err, kind) }):
		return false
	case errors.As(err, &reply):
		text := reply.Error()
		return slices.ContainsFunc(unusable, func(part string) bool { return strings.Contains(text, part) })
	}
	return true
}
