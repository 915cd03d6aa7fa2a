package kv

import "context"

// Hook is called before each call of an engine, for metrics and traces. op names the call, for instance
// "get" or "compare-and-swap". The hook returns the context of the call, and a function that is called
// with its error, which is nil or an [*Error]. Calls that a [Store] refuses itself are not seen.
type Hook func(ctx context.Context, op string) (inside context.Context, done func(err error))

// WithHook returns a store on the same engine whose calls hook sees, inside of the hooks that s has. A nil
// hook changes nothing.
func (s *Store) WithHook(hook Hook) *Store {
	if hook == nil {
		return s
	}
	hooked, outer := *s, s.hook
	hooked.hook = hook
	if outer != nil {
		hooked.hook = func(ctx context.Context, op string) (context.Context, func(error)) {
			ctx, outerDone := outer(ctx, op)
			ctx, done := hook(ctx, op)
			return ctx, func(err error) {
				done(err)
				outerDone(err)
			}
		}
	}
	return &hooked
}

// call is a call of the engine, with the hook of the store around it. It is no function around the call, because
// that would keep a large value in memory until the engine has answered.
type call struct {
	op, key string
	done    func(error) // nil without a hook
}

// begin returns the context of a call.
func (s *Store) begin(ctx context.Context, op, key string) (context.Context, call) {
	c := call{op: op, key: key}
	if s.hook != nil {
		ctx, c.done = s.hook(ctx, op)
	}
	return ctx, c
}

// end returns the error of the call as an [*Error].
func (c call) end(err error) error {
	err = wrap(c.op, c.key, err)
	if c.done != nil {
		c.done(err)
	}
	return err
}

// DriverAs returns the driver of s, or one that it wraps, as a T, if one is. It is for what the runtime
// wants to know of an engine and this package does not.
func DriverAs[T any](s *Store) (T, bool) { return as[T](s.driver) }
