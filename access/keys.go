package access

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
)

// MinSecretBytes is the length of the shortest secret, that of the hash of HS256 (RFC 7518, section 3.2).
const MinSecretBytes = 32

// errPublicKey does not repeat the text, in which somebody may have put a private key.
var errPublicKey = errors.New("it is not a public key of Ed25519")

// spki is what a SubjectPublicKeyInfo of Ed25519 begins with (RFC 8410); the key follows. With it no parser
// of ASN.1 is needed, which the Worker would link for this alone.
var spki = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}

// ParsePublicKey reads a public key of Ed25519: PEM, in which line ends may be written as \n, or base64 of
// its 32 bytes, in the usual or the URL alphabet, with or without padding.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, `\n`, "\n"))
	key, err := decodePublicKey(text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errPublicKey
	}
	return key, nil
}

func decodePublicKey(text string) ([]byte, error) {
	if !strings.HasPrefix(text, "-----BEGIN") {
		text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
		return base64.RawStdEncoding.DecodeString(text)
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errPublicKey
	}
	key, found := bytes.CutPrefix(block.Bytes, spki)
	if !found {
		return nil, errPublicKey
	}
	return key, nil
}
