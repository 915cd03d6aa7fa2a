package api

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// Rate is how many requests a client may send, after the one that it is about.
type Rate struct {
	// PerMinute is how many it may send in a minute, and at once after a pause.
	PerMinute int
	// Left is how many it may send now, and Full the time after which it may send PerMinute again.
	Left int
	Full time.Duration
	// Wait is 0 if the request is within the limit, and otherwise how long its sender should wait.
	Wait time.Duration
}

// limitRate counts a request whose token is accepted, tells its sender how many more it may send, and returns an
// error if it is one too many. Requests count by the operator's token; by the actor of a scoped token that has
// one; and otherwise by the address, which a function of the runtime knows. So nobody gets more by asking for more
// tokens.
func (s *server) limitRate(w http.ResponseWriter, r *http.Request, c caller) error {
	if s.RateLimit == nil {
		return nil
	}
	who := ""
	switch {
	case c.operator:
		who = "token " + Bearer(r)
	case c.token != nil && c.token.Actor != "":
		who = "actor " + c.token.Actor
	}
	rate := s.RateLimit(r, who)
	// draft-ietf-httpapi-ratelimit-headers-10: a quota q in a window of w seconds; r requests are left, and t seconds
	// until there are q again.
	w.Header().Set("RateLimit-Policy", fmt.Sprintf(`"requests";q=%d;w=60`, rate.PerMinute))
	w.Header().Set("RateLimit", fmt.Sprintf(`"requests";r=%d;t=%d`, rate.Left, int(math.Ceil(rate.Full.Seconds()))))
	if rate.Wait == 0 {
		return nil
	}
	return &problem{
		Status: http.StatusTooManyRequests, Code: "rate_limit_exceeded", retryAfter: rate.Wait,
		Detail: fmt.Sprintf("more than %d requests in a minute; send the request again after the time in Retry-After", rate.PerMinute),
	}
}
