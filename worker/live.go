//go:build js && wasm

package worker

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"edgeframe/api"
	"edgeframe/edge"
	"edgeframe/kv"
)

// live returns what makes a client a follower of a session: the Durable Object of the session takes its
// connection, see edge/heads.mjs.
func live(prefix string) func(http.ResponseWriter, *http.Request, api.Follower) error {
	return func(w http.ResponseWriter, r *http.Request, f api.Follower) error {
		key, revision := prefix+":"+f.Key, f.Revision.KV()
		follower := url.Values{"key": {key}, "revision": {hex.EncodeToString(revision[:])}, "first": {string(f.First)}}
		if f.Scoped {
			follower.Set("scoped", "true")
			follower.Set("expires", strconv.FormatInt(f.Expires.UnixMilli(), 10))
		}
		status, err := edge.Upgrade(r.Context(), w, HeadsBinding, objectOf(key), "https://object/?"+follower.Encode())
		switch {
		case err != nil:
			return &kv.Error{Op: "follow", Key: f.Key, Kind: kv.ErrUnavailable, Err: err}
		case status == http.StatusSwitchingProtocols:
			return nil
		case status == http.StatusConflict:
			return api.ErrOvertaken
		case status == http.StatusTooManyRequests:
			return api.ErrFollowers
		}
		return &kv.Error{Op: "follow", Key: f.Key, Kind: kv.ErrUnavailable, Err: fmt.Errorf("the Durable Object answered %d", status)}
	}
}
