package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// running is a server on loopback.
type running struct {
	t     *testing.T
	s     *Server
	ws    *workspace.Workspace
	url   string
	token string // of a reader of the tables of sign-ins
	admin string
	ca    string // file of the certificate
	stop  func()
}

const settings = `
roles:
  reader:
    read: [SigninLogs, LAQueryLogs]
  admin:
    read: [all]
    may: [administer]
  nothing:
    read: []
`

// start serves a workspace with three sign-ins and a row of AuditLogs.
func start(t *testing.T, cfg Config) *running {
	t.Helper()
	ctx := t.Context()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "settings.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	ws, err := workspace.Open(ctx, dir, workspace.Write, duckdb.Options{MemoryLimit: "1GB"})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, ws)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewJSONHandler(t.Output(), nil))
	}
	s, err := New(ws, cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, s: s, ws: ws}
	for name, into := range map[string]*string{"reader": &r.token, "admin": &r.admin} {
		if *into, err = s.tokens.Create(name, []string{name}, time.Now(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	var pair tls.Certificate
	pair, r.ca = certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.url = "https://" + l.Addr().String()
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() {
		done <- s.Serve(serving, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}))
	}()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		r.stop()
		if err := ws.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func fill(t *testing.T, ws *workspace.Workspace) {
	t.Helper()
	ctx := t.Context()
	w := rows.NewWriter(rows.Config{Schemas: rows.NewSchemas(tables.Builtin(), nil), Now: rows.TicksOf(time.Now()), Emit: func(ctx context.Context, b rows.Batch) error {
		defer b.Rec.Release()
		_, _, err := ws.Append(ctx, b.Table, b.Rec)
		return err
	}})
	w.Start(rows.File{Path: "test", SourceID: "test"})
	at := time.Date(2026, 3, 10, 9, 0, 0, 123456700, time.UTC)
	add := func(table, user string, n int) {
		w.Next()
		row := w.Table(table)
		row.Begin()
		row.SetInt(row.Column("TimeGenerated"), rows.TicksOf(at.Add(time.Duration(n)*time.Minute)))
		if table == "SigninLogs" {
			row.SetString(row.Column("UserPrincipalName"), user)
		}
		if err := w.Done(ctx, row, row.CommitAs(uint64(n+1)), 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	add("SigninLogs", "a@contoso.com", 0)
	add("SigninLogs", "b@contoso.com", 1)
	add("SigninLogs", "c@contoso.com", 2)
	add("AuditLogs", "", 3)
	if _, err := w.Finish(ctx); err != nil {
		t.Fatal(err)
	}
	if err := ws.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// certificate makes one for this machine, and a file of it.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}
