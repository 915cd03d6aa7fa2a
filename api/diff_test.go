package api

// required has the parameters of each route that needs some.
var required = map[string]string{
	sessionPath + "/diff":  "?from=1",
	sessionPath + "/cells": "?row=0&column=a",
}
