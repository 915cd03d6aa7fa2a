// Package metamorphic holds a test of session: random sequences of operations run against a
// session.Service and against a simple model in memory, and after each step everything that
// can be observed is compared. The sequences run on each kind of store.
//
// A sequence follows from its seed. One that fails is shrunk and printed as steps, one JSON
// object a line, that can be run again:
//
//	go test ./session/metamorphic -run TestSequences -metamorphic.seed 42
//	go test ./session/metamorphic -run TestSequences -metamorphic.steps failed.jsonl
package metamorphic
