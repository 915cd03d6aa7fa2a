package access

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is a set of things that a holder of a token may do.
type Scope uint8

// The scopes. Own includes Edit, and Edit includes Read; Create stands for itself.
const (
	// Create allows uploads that become new sessions.
	Create Scope = 1
	// Read allows everything that changes nothing.
	Read Scope = 2
	// Edit allows changes of data, marks, versions, audit log and metadata.
	Edit = Read | 4
	// Own allows deleting a session, its lifetime and its tokens.
	Own = Edit | 8
)

// scopeNames are the scopes in the order in which they are written, each after those that it includes.
var scopeNames = []struct {
	name  string
	scope Scope
}{{"create", Create}, {"read", Read}, {"edit", Edit}, {"own", Own}}

// ParseScope reads names of scopes that are separated by spaces, at least one. The result has what
// they include too.
func ParseScope(text string) (scope Scope, err error) {
	const accepted = "it must be one or several of create, read, edit and own, separated by spaces"
	for name := range strings.FieldsSeq(text) {
		one := scopeOf(name)
		if one == 0 {
			return 0, fmt.Errorf("the scope %.40q is not known; %s", name, accepted)
		}
		scope |= one
	}
	if scope == 0 {
		return 0, fmt.Errorf("the scope is empty; %s", accepted)
	}
	return scope, nil
}

func scopeOf(name string) Scope {
	for _, s := range scopeNames {
		if s.name == name {
			return s.scope
		}
	}
	return 0
}

// Has reports whether s has all of other.
func (s Scope) Has(other Scope) bool { return s&other == other }

// String returns the names of the scopes that s has, without those that others of them include, separated by
// spaces. ParseScope reads it.
func (s Scope) String() string {
	var names []string
	for _, known := range slices.Backward(scopeNames) {
		if s.Has(known.scope) {
			names = append(names, known.name)
			s &^= known.scope
		}
	}
	slices.Reverse(names)
	return strings.Join(names, " ")
}
