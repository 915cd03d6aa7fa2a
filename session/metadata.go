package session

import (
	"bytes"
	"context"
	"encoding/json"

	"edgeframe/kv"
)

// maxMetadata is the largest metadata of a session, in bytes of JSON.
const maxMetadata = 64 << 10

// Describe changes what a session is called and what is noted about it: metadata is merged
// as RFC 7396 says, nil leaves it; a nil filename leaves the name.
func (s *Service) Describe(ctx context.Context, c Change, filename *string, metadata json.RawMessage) (*Session, error) {
	if filename != nil {
		if err := checkFilename(*filename); err != nil {
			return nil, err
		}
	}
	return s.commit(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		if filename != nil {
			h.Filename = *filename
		}
		if metadata == nil {
			return nil, nil
		}
		merged, err := mergePatch(h.Metadata, metadata)
		if err != nil {
			return nil, fail(ErrInvalidParameter, "metadata is not a JSON object")
		}
		if len(merged) > maxMetadata {
			return nil, fail(ErrInvalidParameter, "metadata would have %d bytes; it may have at most %d", len(merged), maxMetadata)
		}
		h.Metadata = merged
		return nil, nil
	})
}

// mergePatch applies a JSON Merge Patch (RFC 7396) that is an object to a target.
func mergePatch(target, patch json.RawMessage) (json.RawMessage, error) {
	var changes map[string]json.RawMessage
	if err := json.Unmarshal(patch, &changes); err != nil {
		return nil, err
	}
	if changes == nil {
		return nil, &json.UnmarshalTypeError{Value: "null"}
	}
	// A target that is no object counts as an empty one.
	var merged map[string]json.RawMessage
	if json.Unmarshal(target, &merged) != nil || merged == nil {
		merged = map[string]json.RawMessage{}
	}
	for name, value := range changes {
		switch {
		case string(value) == "null":
			delete(merged, name)
		case len(value) > 0 && value[0] == '{':
			inner, err := mergePatch(merged[name], value)
			if err != nil {
				return nil, err
			}
			merged[name] = inner
		default:
			merged[name] = value
		}
	}
	return encodeObject(merged)
}

// encodeObject is json.Marshal without escapes for HTML, so that metadata keeps its spelling.
func encodeObject(members map[string]json.RawMessage) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(members); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}
