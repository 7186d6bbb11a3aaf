package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/server"
	"nordlys/internal/workspace"
)

func serveCommand(g *global) *cobra.Command {
	var listen, cert, key, memory string
	var insecureLoopback, insecureHTTP bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the workspace to clients of Log Analytics and of Kusto",
		Long: `Serve the workspace to clients of Log Analytics and of Kusto (Azure Data Explorer), which need another address and a
token of nordlys token create. Every query becomes a row of LAQueryLogs. See docs/server.md.

Without --tls-cert and --tls-key it listens on loopback addresses only. It stops on SIGTERM when running queries have
ended, or after 15 seconds.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if (cert == "") != (key == "") {
				return usageError("--tls-cert and --tls-key belong together: name both files")
			}
			loopback, err := isLoopback(listen)
			if err != nil {
				return usageError("--listen %s: %w: write it as 127.0.0.1:8040", listen, err)
			}
			if insecureLoopback && !loopback {
				return usageError("--insecure-loopback: without sign-in only a loopback address is served, and %s is none", listen)
			}
			if !loopback && cert == "" && !insecureHTTP {
				return usageError("--listen %s: without TLS tokens could be read on the way: name --tls-cert and --tls-key, or say --insecure-http where something in front of it does TLS", listen)
			}
			l, err := net.Listen("tcp", listen)
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer l.Close()
			scheme := "http"
			if cert != "" {
				pair, err := tls.LoadX509KeyPair(cert, key)
				if err != nil {
					return &exitError{exitEnvironment, fmt.Errorf("read the certificate: %w", err)}
				}
				scheme = "https"
				l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
			}
			w, err := workspace.Open(c.Context(), g.workspace, workspace.Write, duckdb.Options{MemoryLimit: memory})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			log := slog.New(slog.NewJSONHandler(c.ErrOrStderr(), nil))
			s, err := server.New(w, server.Config{Version: version(), Log: log, Insecure: insecureLoopback})
			if err != nil {
				return err
			}
			if insecureLoopback {
				warn(c.ErrOrStderr())
			}
			log.Info("serving", "address", scheme+"://"+l.Addr().String(), "workspace", w.Dir())
			err = s.Serve(c.Context(), l)
			return errors.Join(err, s.Close())
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8040", "address and port")
	c.Flags().StringVar(&cert, "tls-cert", "", "file of the certificate, with those between it and its root (PEM)")
	c.Flags().StringVar(&key, "tls-key", "", "file of its key (PEM)")
	c.Flags().StringVar(&memory, "max-memory", "", "memory for queries, such as 4GB; DuckDB's default is 80 % of the machine's")
	c.Flags().BoolVar(&insecureLoopback, "insecure-loopback", false, "no sign-in: whoever is on this machine is the owner of the workspace")
	c.Flags().BoolVar(&insecureHTTP, "insecure-http", false, "without TLS on an address that is no loopback")
	return c
}

func warn(w io.Writer) {
	line := strings.Repeat("!", 78)
	fmt.Fprintf(w, "%s\n! WITHOUT SIGN-IN (--insecure-loopback): every program and every user of this machine\n! may read everything in this workspace.\n%s\n", line, line)
}

// isLoopback says whether an address to listen on is reached from this machine only.
func isLoopback(listen string) (bool, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false, err
	}
	if host == "localhost" {
		return true, nil
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback(), nil
}

// version is that of the program as it was built.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(devel)"
}
