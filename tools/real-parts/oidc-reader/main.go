// A relying party by go-oidc, as Dex, Argo CD and Fulcio have it: it finds the issuer's keys by its
// discovery document, verifies the token of its standard input, and prints the token's subject.
//
//	oidc-reader ISSUER AUDIENCE CA-FILE <TOKEN
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const patience = 20 * time.Second

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("want ISSUER AUDIENCE CA-FILE, got %d arguments", len(os.Args)-1))
	}
	subject, err := verify(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fail(err)
	}
	fmt.Println(subject)
}

func verify(issuer, audience, caFile string) (string, error) {
	client, err := trusting(caFile)
	if err != nil {
		return "", err
	}
	token, err := io.ReadAll(io.LimitReader(os.Stdin, 64<<10))
	if err != nil {
		return "", err
	}
	ctx := oidc.ClientContext(context.Background(), client)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return "", err
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: audience}).Verify(ctx, strings.TrimSpace(string(token)))
	if err != nil {
		return "", err
	}
	return verified.Subject, nil
}

// trusting believes the authorities of that file and no others, and follows no redirect, as clouds do not.
func trusting(caFile string) (*http.Client, error) {
	authorities, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("%s holds no certificate", caFile)
	}
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	return &http.Client{Transport: transport, CheckRedirect: refuse, Timeout: patience}, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
