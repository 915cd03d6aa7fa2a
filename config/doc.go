// Package config reads the settings of the environment, in the same way for every build of
// the server: Common are those that all of them have, and a build embeds Common in a struct
// with its own.
//
// It promises that a wrong configuration is refused with every mistake named at once, that
// no password or token is ever shown, and that a variable which has no effect although it
// looks like one of ours is warned about. It reads nothing but the list that it is given.
package config
