//go:build !js

// Package client tests the npm package edgeframe-client, which is in this directory.
package client
