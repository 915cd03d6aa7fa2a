//go:build !js

package client

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// Problem is a refusal of the server.
type Problem struct {
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
}

// Error implements error with the sentence of the server.
func (p *Problem) Error() string { return p.Detail }

// UnexpectedAnswer is the code of a problem of which the server has said nothing, because something else has answered.
const UnexpectedAnswer = "unexpected_answer"

// maxProblemBytes is how much of a refusal is read.
const maxProblemBytes = 4 << 20

// problem reads a refusal. Proxies answer with something else than the documents of the API.
func problem(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProblemBytes))
	if err != nil {
		return err
	}
	p := &Problem{}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") && json.Unmarshal(body, p) == nil && p.Detail != "" {
		p.Status = resp.StatusCode
		return p
	}
	return Unexpected(resp)
}

// Unexpected is the problem of an answer that is not one of the API.
func Unexpected(resp *http.Response) error {
	u := resp.Request.URL
	detail := fmt.Sprintf("%s://%s answered %s, and not as edgeframe does", u.Scheme, u.Host, resp.Status)
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode < 400 {
		detail += fmt.Sprintf("; it redirects to %s", to)
	}
	return &Problem{Status: resp.StatusCode, Code: UnexpectedAnswer, Detail: detail, RequestID: resp.Header.Get("X-Request-Id")}
}

// Unreachable says that a server has not answered, or not completely.
type Unreachable struct {
	Base string
	Err  error
	// Permanent says that trying again soon is of no use.
	Permanent bool
}

// Error implements error.
func (u *Unreachable) Error() string {
	if u.cut() {
		return fmt.Sprintf("the answer of %s broke off: %v", u.Base, u.Err)
	}
	return fmt.Sprintf("%s cannot be reached: %v", u.Base, u.Err)
}

// Unwrap returns why.
func (u *Unreachable) Unwrap() error { return u.Err }

// cut reports whether there was the beginning of an answer.
func (u *Unreachable) cut() bool { return errors.As(u.Err, new(*cutError)) }

// cutError is why an answer broke off.
type cutError struct{ err error }

func (e *cutError) Error() string { return e.err.Error() }
func (e *cutError) Unwrap() error { return e.err }

// answer is the body of an answer. Its errors are those of the connection.
type answer struct {
	io.ReadCloser
	base string
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = &Unreachable{Base: a.base, Err: &cutError{err}}
	}
	return n, err
}

// cause returns the error of a connection without the request, which the caller knows.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return fmt.Errorf("there is no host %s", dns.Name)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return errors.New("the connection is refused; is the server running, and is this its port?")
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the connection was closed without an answer")
	}
	return err
}

// permanent reports whether an error of a connection stays: an unknown name, a certificate that is not accepted.
func permanent(err error) bool {
	var dns *net.DNSError
	var tlsError *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &tlsError) || errors.As(err, &record)
}
