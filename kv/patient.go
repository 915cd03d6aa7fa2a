package kv

import "context"

type patientKey struct{}

// Patient returns a context for reads of keys that have been stored: an engine with LateValues waits
// for the values of those that it does not show yet, for a few seconds at most.
func Patient(ctx context.Context) context.Context {
	return context.WithValue(ctx, patientKey{}, true)
}

// IsPatient reports whether ctx comes from [Patient].
func IsPatient(ctx context.Context) bool {
	patient, _ := ctx.Value(patientKey{}).(bool)
	return patient
}
