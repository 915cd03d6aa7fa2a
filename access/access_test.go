package access

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

var (
	now    = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	secret = []byte(strings.Repeat("s", MinSecretBytes))
)

const sessionID = "123e4567-e89b-42d3-a456-426614174000"

// newKeys returns keys of both kinds and the private key of the public one.
func newKeys(t testing.TB) (Keys, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Keys{Secret: secret, Public: public}, private
}

func sign(t testing.TB, method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(method, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// valid returns claims that are accepted, changed by alternately names and values. A value of nil removes one.
func valid(changes ...any) jwt.MapClaims {
	c := jwt.MapClaims{"scope": "read", "session": sessionID, "sub": "ada", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix()}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(c, changes[i].(string))
		} else {
			c[changes[i].(string)] = changes[i+1]
		}
	}
	return c
}

func TestWhatIsIssuedIsRead(t *testing.T) {
	keys, private := newKeys(t)
	salt := int64(7)
	want := Token{Scope: Own, Session: sessionID, Actor: "ada", Issued: now.Local(), Expires: now.Add(time.Minute).Local(), Salt: &salt}
	text, err := keys.Issue(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := keys.Verify(text, now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Error(diff)
	}
	other := sign(t, jwt.SigningMethodEdDSA, private, valid("scope", "create edit", "session", nil))
	if got, err = keys.Verify(other, now); err != nil || got.Scope != Create|Edit || got.Actor != "ada" || got.Session != "" || got.Salt != nil {
		t.Errorf("a token of another issuer is read as %+v, %v", got, err)
	}
}

func TestAlgorithmsFollowFromTheKeys(t *testing.T) {
	keys, private := newKeys(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spkiPEM, err := x509.MarshalPKIXPublicKey(keys.Public)
	if err != nil {
		t.Fatal(err)
	}
	hs, ed := sign(t, jwt.SigningMethodHS256, secret, valid()), sign(t, jwt.SigningMethodEdDSA, private, valid())
	for name, text := range map[string]string{
		"none":                        sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, valid()),
		"HS384":                       sign(t, jwt.SigningMethodHS384, secret, valid()),
		"HS512":                       sign(t, jwt.SigningMethodHS512, secret, valid()),
		"RS256":                       sign(t, jwt.SigningMethodRS256, rsaKey, valid()),
		"ES256":                       sign(t, jwt.SigningMethodES256, ecKey, valid()),
		"HS256 under the public key":  sign(t, jwt.SigningMethodHS256, []byte(keys.Public), valid()),
		"HS256 under its PEM":         sign(t, jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spkiPEM}), valid()),
		"HS256 under another secret":  sign(t, jwt.SigningMethodHS256, secret[1:], valid()),
		"no signature":                hs[:strings.LastIndex(hs, ".")+1],
		"another body":                strings.Join([]string{strings.Split(hs, ".")[0], strings.Split(sign(t, jwt.SigningMethodHS256, secret, valid("scope", "own")), ".")[1], strings.Split(hs, ".")[2]}, "."),
		"forged and expired":          sign(t, jwt.SigningMethodHS256, secret[1:], valid("exp", 1)),
		"not a token":                 "abc",
		"empty":                       "",
		"empty parts":                 "..",
		"a long one":                  sign(t, jwt.SigningMethodHS256, secret, valid("x", strings.Repeat("x", maxTokenBytes))),
		"a body that is no object":    sign2(t, `[]`),
		"a scope that is no text":     sign2(t, `{"scope":7}`),
		"an exp beyond all numbers":   sign2(t, `{"scope":"read","session":"x","exp":1e400}`),
		"characters beyond base64url": hs + "=",
		"a line end":                  hs + "\n",
	} {
		if got, err := keys.Verify(text, now); !errors.Is(err, ErrForged) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, tt := range map[string]struct {
		keys Keys
		text string
	}{
		"EdDSA for a secret alone":     {Keys{Secret: secret}, ed},
		"HS256 for a public key alone": {Keys{Public: keys.Public}, hs},
		"HS256 without keys":           {Keys{}, hs},
	} {
		if got, err := tt.keys.Verify(tt.text, now); !errors.Is(err, ErrForged) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// sign2 signs a body that is not well-formed.
func sign2(t testing.TB, body string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(body))
	signature, err := jwt.SigningMethodHS256.Sign(text, secret)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestClaimsAreChecked(t *testing.T) {
	critical := jwt.NewWithClaims(jwt.SigningMethodHS256, valid())
	critical.Header["crit"] = []string{"x"}
	crit, err := critical.SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	hs := func(changes ...any) string { return sign(t, jwt.SigningMethodHS256, secret, valid(changes...)) }
	for _, tt := range []struct {
		claim, text, says string // says is empty if the token is accepted
	}{
		{"valid", hs(), ""},
		{"expires in a second", hs("exp", now.Unix()+1), ""},
		{"expires now", hs("exp", now.Unix()), ErrExpired.Error()},
		{"expired", hs("exp", now.Unix()-1000), ErrExpired.Error()},
		{"expired, and has an unknown scope", hs("exp", now.Unix()-1000, "scope", "all"), ErrExpired.Error()},
		{"exp with a fraction", hs("exp", float64(now.Unix())+1.5), ""},
		{"no exp", hs("exp", nil), "no exp"},
		{"no iat", hs("iat", nil), ""},
		{"iat a little ahead", hs("iat", now.Unix()+20), ""},
		{"iat ahead", hs("iat", now.Unix()+100), "not valid yet"},
		{"nbf a little ahead", hs("nbf", now.Unix()+20), ""},
		{"nbf ahead", hs("nbf", now.Unix()+100), "not valid yet"},
		{"no scope", hs("scope", nil), "scope is empty"},
		{"an unknown scope", hs("scope", "read admin"), `"admin" is not known; it must be one or several of create, read, edit and own`},
		{"a scope in capitals", hs("scope", "READ"), "not known"},
		{"no sub", hs("sub", nil), ""},
		{"neither sub nor session", hs("sub", nil, "session", nil), "neither session nor sub"},
		{"neither, for uploads", hs("sub", nil, "session", nil, "scope", "create"), ""},
		{"neither, for uploads and more", hs("sub", nil, "session", nil, "scope", "create read"), "neither session nor sub"},
		{"a long sub", hs("sub", strings.Repeat("x", MaxActor+1)), "at most 255 bytes"},
		{"a sub with a line end", hs("sub", "a\nb"), "control characters"},
		{"crit", crit, "crit"},
	} {
		_, err := (Keys{Secret: secret}).Verify(tt.text, now)
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) || errors.Is(err, ErrForged) {
			t.Errorf("%s: %v, want %q", tt.claim, err, tt.says)
		}
	}
}

func TestLinksReadAndLiveAnHour(t *testing.T) {
	for _, tt := range []struct {
		scope   Scope
		issued  time.Time
		expires time.Time
		want    bool
	}{
		{Read, now, now.Add(time.Hour), true},
		{Read, now, now.Add(time.Hour + time.Second), false},
		{Read, time.Time{}, now.Add(time.Minute), false},
		{Read | Create, now, now.Add(time.Minute), false},
		{Edit, now, now.Add(time.Minute), false},
		{Create, now, now.Add(time.Minute), false},
	} {
		if got := (&Token{Scope: tt.scope, Issued: tt.issued, Expires: tt.expires}).IsLink(); got != tt.want {
			t.Errorf("%+v: %t", tt, got)
		}
	}
}

func TestScopesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{"read": "read", "edit": "edit", "read edit": "edit", "own": "own", "own create": "create own", " read  read ": "read"} {
		scope, err := ParseScope(text)
		if err != nil || scope.String() != want {
			t.Errorf("%q is read as %q: %v", text, scope, err)
		}
	}
	for _, text := range []string{"", " ", "Read", "read,edit", "read\x00", "*"} {
		if scope, err := ParseScope(text); err == nil {
			t.Errorf("%q is read as %q", text, scope)
		}
	}
}

func TestPublicKeysAreReadInTheirForms(t *testing.T) {
	keys, private := newKeys(t)
	der, err := x509.MarshalPKIXPublicKey(keys.Public)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	for _, form := range []string{
		text, strings.ReplaceAll(text, "\n", `\n`), base64.StdEncoding.EncodeToString(keys.Public),
		base64.RawURLEncoding.EncodeToString(keys.Public), " " + base64.URLEncoding.EncodeToString(keys.Public) + "\n",
	} {
		if got, err := ParsePublicKey(form); err != nil || !got.Equal(keys.Public) {
			t.Errorf("%q: %v", form, err)
		}
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{
		"", "abc", "-----BEGIN", base64.StdEncoding.EncodeToString(private), base64.StdEncoding.EncodeToString(keys.Public[1:]),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), text + text,
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkcs8})),
	} {
		if _, err := ParsePublicKey(form); !errors.Is(err, errPublicKey) {
			t.Errorf("%q: %v", form, err)
		}
	}
}

// FuzzVerify looks for panics, and for tokens that are accepted though no key has signed them.
func FuzzVerify(f *testing.F) {
	keys, private := newKeys(f)
	known := map[string]bool{}
	for _, c := range []jwt.MapClaims{valid(), valid("exp", 1), valid("scope", "x"), valid("salt", 7), valid("nbf", 1e18)} {
		for _, text := range []string{sign(f, jwt.SigningMethodHS256, secret, c), sign(f, jwt.SigningMethodEdDSA, private, c), sign(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, c)} {
			known[text] = true
			f.Add(text)
		}
	}
	f.Add("..")
	f.Add(strings.Repeat(".", maxTokenBytes))
	f.Fuzz(func(t *testing.T, text string) {
		got, err := keys.Verify(text, now)
		if (got == nil) == (err == nil) {
			t.Fatalf("%+v with %v", got, err)
		}
		if !errors.Is(err, ErrForged) && !known[text] {
			t.Errorf("%q is taken for a signed token: %+v, %v", text, got, err)
		}
	})
}

// FuzzClaims looks for panics in what a signed body says, and for tokens that are accepted for too much.
func FuzzClaims(f *testing.F) {
	for _, body := range []string{
		`{"scope":"read","session":"` + sessionID + `","exp":1e12,"iat":1,"nbf":-1e300}`, `{"exp":9e18,"scope":"own","sub":"\ud800"}`,
		`null`, `{"scope":"create","exp":1795867201,"aud":["a"]}`, `{"scope":"read","exp":"1"}`, `{"salt":1.5}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := (Keys{Secret: secret}).Verify(sign2(t, body), now)
		if (got == nil) == (err == nil) {
			t.Fatalf("%+v with %v", got, err)
		}
		if err != nil {
			return
		}
		if !got.Expires.After(now) || got.Scope == 0 || got.Session == "" && got.Actor == "" && got.Scope != Create || CheckActor(got.Actor) != nil {
			t.Errorf("%q is accepted as %+v", body, got)
		}
		if _, err := (Keys{Secret: secret}).Issue(*got); err != nil {
			t.Errorf("%q cannot be issued again: %v", body, err)
		}
	})
}
