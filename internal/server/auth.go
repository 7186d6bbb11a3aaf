package server

import (
	"net/http"
	"strings"
	"time"

	"nordlys/internal/workspace"
)

// caller is who a request is from.
type caller struct {
	name   string
	id     string            // of the token, for the record
	viewer *workspace.Viewer // nil for the owner
	roles  []string
}

// owner is who calls where there is no sign-in.
var owner = &caller{name: "owner"}

// signIn says who a request is from, by its bearer token.
func (s *Server) signIn(r *http.Request) (*caller, *failure) {
	c, f := s.identify(r)
	if f == nil {
		infoOf(r).caller = c.name
	}
	return c, f
}

func (s *Server) identify(r *http.Request) (*caller, *failure) {
	if s.cfg.Insecure {
		return owner, nil
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, failed(http.StatusUnauthorized, "AuthorizationRequiredError", "Valid authentication was not provided")
	}
	kind, token, _ := strings.Cut(header, " ")
	invalid := failed(http.StatusUnauthorized, "InvalidTokenError", "The provided authentication is not valid for this resource")
	if !strings.EqualFold(kind, "Bearer") || token == "" {
		return nil, invalid
	}
	t, ok, err := s.tokens.lookup(strings.TrimSpace(token))
	if err != nil {
		s.log.Error("tokens", "error", err)
		return nil, failed(http.StatusInternalServerError, "InternalServerError", "Sign-in does not work; the server's log says why.")
	}
	if !ok || t.Expired(time.Now()) {
		return nil, invalid
	}
	v, err := s.ws.Viewer(t.Name, t.Roles...)
	if err != nil {
		s.log.Error("role", "error", err)
		return nil, failed(http.StatusForbidden, "InsufficientAccessError", "The provided credentials have insufficient access to perform the requested operation")
	}
	return &caller{name: t.Name, id: t.SHA256[:16], viewer: v, roles: t.Roles}, nil
}
