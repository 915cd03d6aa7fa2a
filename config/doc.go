// Package config reads the settings from environment variables, in the same way for every build
// of the server. [Common] has the settings of all builds; a build embeds it in a struct with
// settings of its own.
//
// If any value is wrong, [Parse] returns one error that names every mistake. Passwords and tokens
// are never shown. A variable that looks like a setting and has no effect causes a warning. The
// package reads nothing but the list that it is given.
package config
