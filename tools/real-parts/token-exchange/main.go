// A token exchange server (RFC 8693) by zitadel/oidc, which accepts tokens of one other issuer: it finds that issuer's keys by
// its discovery document, and verifies signature, issuer, audience, expiry and subject. Its client authenticates by a secret.
//
//	token-exchange PORT ISSUER AUDIENCE SUBJECT CLIENT-ID CLIENT-SECRET CA-FILE
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/client"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// exchange is the library's in-memory storage; only what it accepts as a subject token differs.
type exchange struct {
	*storage.Storage
	issuer, audience, subject string
	http                      *http.Client
}

func (e exchange) VerifyExchangeSubjectToken(ctx context.Context, token string, kind oidc.TokenType) (string, string, map[string]any, error) {
	if kind != oidc.JWTTokenType {
		return "", "", nil, errors.New("only a JWT of the other issuer is accepted")
	}
	found, err := client.Discover(ctx, e.issuer, e.http)
	if err != nil {
		return "", "", nil, err
	}
	verifier := rp.NewIDTokenVerifier(e.issuer, e.audience, rp.NewRemoteKeySet(e.http, found.JwksURI))
	claims, err := rp.VerifyIDToken[*oidc.IDTokenClaims](ctx, token, verifier)
	if err != nil {
		return "", "", nil, err
	}
	return token, claims.Subject, claims.Claims, nil
}

func (e exchange) VerifyExchangeActorToken(context.Context, string, oidc.TokenType) (string, string, map[string]any, error) {
	return "", "", nil, errors.New("no actor is accepted")
}

func (e exchange) ValidateTokenExchangeRequest(_ context.Context, request op.TokenExchangeRequest) error {
	if request.GetExchangeSubject() != e.subject {
		return oidc.ErrUnauthorizedClient().WithDescription("the subject may not exchange tokens")
	}
	request.SetRequestedTokenType(oidc.AccessTokenType)
	return nil
}

func main() {
	if len(os.Args) != 8 {
		fail(fmt.Errorf("want 7 arguments, got %d", len(os.Args)-1))
	}
	port, caFile := os.Args[1], os.Args[7]
	trusting, err := clientFor(caFile)
	if err != nil {
		fail(err)
	}
	own := fmt.Sprintf("http://127.0.0.1:%s/", port)
	storage.RegisterClients(storage.WebClient(os.Args[5], os.Args[6]))
	store := exchange{storage.NewStorage(storage.NewUserStore(own)), os.Args[2], os.Args[3], os.Args[4], trusting}
	router := exampleop.SetupServer(own, store, slog.New(slog.NewTextHandler(os.Stderr, nil)), false)
	server := &http.Server{Addr: "127.0.0.1:" + port, Handler: router, ReadHeaderTimeout: 10 * time.Second}
	fail(server.ListenAndServe())
}

func clientFor(caFile string) (*http.Client, error) {
	authorities, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authorities)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return &http.Client{Timeout: 10 * time.Second, Transport: transport}, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
