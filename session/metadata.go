package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"edgeframe/kv"
)

// maxMetadata is the largest metadata of a session, in bytes of JSON.
const maxMetadata = 64 << 10

// UpdateInfo changes the file name and the metadata of a session; nil leaves either as it is.
// metadata is a JSON Merge Patch (RFC 7396).
func (s *Service) UpdateInfo(ctx context.Context, c Change, filename *string, metadata json.RawMessage) (*Session, error) {
	if filename != nil {
		if err := checkFilename(*filename); err != nil {
			return nil, err
		}
	}
	if len(metadata) > maxMetadata {
		return nil, fail(ErrInvalidParameter, "metadata of %d bytes is not accepted; it may have at most %d", len(metadata), maxMetadata)
	}
	return s.commitLight(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
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

// mergePatch applies a JSON Merge Patch (RFC 7396) that is an object to a target. Numbers
// keep their spelling, and text is not escaped for HTML.
func mergePatch(target, patch json.RawMessage) (json.RawMessage, error) {
	var changes, now any
	if err := unmarshal(patch, &changes); err != nil {
		return nil, err
	}
	if _, ok := changes.(map[string]any); !ok {
		return nil, errors.New("the patch is not an object")
	}
	// A target that is not an object counts as an empty one.
	_ = unmarshal(target, &now)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(merge(now, changes))
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}

func unmarshal(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return dec.Decode(v)
}

// merge is the function MergePatch of RFC 7396, section 2.
func merge(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged, ok := target.(map[string]any)
	if !ok {
		merged = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = merge(merged[name], value)
		}
	}
	return merged
}
