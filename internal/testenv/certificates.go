//go:build !js

package testenv

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificates are files in PEM: a certificate authority, and a pair for a server on the
// loopback interface and one for a client, signed by it.
type Certificates struct {
	CA                    string
	ServerCert, ServerKey string
	ClientCert, ClientKey string
}

// NewCertificates makes certificates that are valid for an hour.
func NewCertificates(t testing.TB) Certificates {
	t.Helper()
	dir := t.TempDir()
	file := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, caKey := certify(t, "edgeframe test authority", ca, nil, nil)
	signer, err := x509.ParseCertificate(caDER)
	if err != nil {
		t.Fatal(err)
	}
	pair := func(name string, usage x509.ExtKeyUsage) (cert, key string) {
		template := &x509.Certificate{
			ExtKeyUsage: []x509.ExtKeyUsage{usage},
			DNSNames:    []string{"localhost"},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		der, private := certify(t, name, template, signer, caKey)
		keyDER, err := x509.MarshalECPrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		return file(name+".crt", "CERTIFICATE", der), file(name+".key", "EC PRIVATE KEY", keyDER)
	}
	c := Certificates{CA: file("ca.crt", "CERTIFICATE", caDER)}
	c.ServerCert, c.ServerKey = pair("server", x509.ExtKeyUsageServerAuth)
	c.ClientCert, c.ClientKey = pair("client", x509.ExtKeyUsageClientAuth)
	return c
}

// certify makes a key and a certificate for it, signed by itself if there is no signer.
func certify(t testing.TB, name string, template, signer *x509.Certificate, by *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.Subject = pkix.Name{CommonName: name}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	if signer == nil {
		signer, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// Redis returns the arguments with which redis-server speaks TLS and wants the certificate of
// the client.
func (c Certificates) Redis() []string {
	return []string{
		"--tls-cert-file", c.ServerCert, "--tls-key-file", c.ServerKey, "--tls-ca-cert-file", c.CA, "--tls-auth-clients", "yes",
	}
}
