package server

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"time"
)

// tokensFile lies in the folder of the workspace, readable for its owner only.
const tokensFile = "tokens.json"

// tokenPrefix begins every token, so that one that leaks is recognized.
const tokenPrefix = "nlt_"

// Token is what is kept of a token: not the token itself.
type Token struct {
	Name    string    `json:"name"`
	SHA256  string    `json:"sha256"` // of the token as it is sent
	Roles   []string  `json:"roles"`  // of settings.yaml
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// Expired says whether a token is of no use any more.
func (t Token) Expired(now time.Time) bool { return !now.Before(t.Expires) }

// Tokens are the tokens of a workspace, in a file that is read again when it changes: a token that is made or revoked
// counts at once. It is safe for use by several goroutines.
type Tokens struct {
	dir  string
	mu   sync.Mutex
	read fs.FileInfo
	list []Token
}

// OpenTokens gives the tokens of the workspace in dir. The file need not exist.
func OpenTokens(dir string) *Tokens { return &Tokens{dir: dir} }

func (t *Tokens) path() string { return filepath.Join(t.dir, tokensFile) }

// List lists the tokens by name.
func (t *Tokens) List() ([]Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refresh(); err != nil {
		return nil, err
	}
	return slices.Clone(t.list), nil
}

func (t *Tokens) refresh() error {
	info, err := os.Stat(t.path())
	if errors.Is(err, fs.ErrNotExist) {
		t.list, t.read = nil, nil
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the tokens: %w", err)
	}
	if t.read != nil && os.SameFile(info, t.read) && info.ModTime().Equal(t.read.ModTime()) && info.Size() == t.read.Size() {
		return nil
	}
	b, err := os.ReadFile(t.path())
	if err != nil {
		return fmt.Errorf("read the tokens: %w", err)
	}
	var file struct{ Tokens []Token }
	if err := json.Unmarshal(b, &file); err != nil {
		return fmt.Errorf("read the tokens %s: %w", t.path(), err)
	}
	t.list, t.read = file.Tokens, info
	return nil
}

var tokenName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$`)

// Create makes a token and gives it; only its hash is kept.
func (t *Tokens) Create(name string, roles []string, now, expires time.Time) (string, error) {
	if !tokenName.MatchString(name) {
		return "", fmt.Errorf("token %q: a name is letters, digits and . _ @ -, at most 128", name)
	}
	if !expires.After(now) {
		return "", fmt.Errorf("token %s: it would expire at once", name)
	}
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", err
	}
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	err := t.change(func(list []Token) ([]Token, error) {
		if slices.ContainsFunc(list, func(o Token) bool { return o.Name == name }) {
			return nil, fmt.Errorf("there is a token %s already: revoke it first (nordlys token revoke %s), or choose another name", name, name)
		}
		return append(list, Token{Name: name, SHA256: hashToken(token), Roles: roles, Created: now.UTC().Truncate(time.Second), Expires: expires.UTC().Truncate(time.Second)}), nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// ErrNoToken says that there is no token of a name.
var ErrNoToken = errors.New("no such token")

// Revoke ends a token.
func (t *Tokens) Revoke(name string) error {
	return t.change(func(list []Token) ([]Token, error) {
		left := slices.DeleteFunc(list, func(o Token) bool { return o.Name == name })
		if len(left) == len(list) {
			return nil, fmt.Errorf("token %s: %w: nordlys token list shows them", name, ErrNoToken)
		}
		return left, nil
	})
}

// change writes the file anew, one process at a time.
func (t *Tokens) change(f func([]Token) ([]Token, error)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return fmt.Errorf("write the tokens: %w", err)
	}
	lock, err := os.OpenFile(t.path()+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("write the tokens: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("write the tokens: %w", err)
	}
	if err := t.refresh(); err != nil {
		return err
	}
	list, err := f(slices.Clone(t.list))
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b Token) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	b, err := json.MarshalIndent(map[string]any{"tokens": list}, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(t.dir, tokensFile+".*") // for the owner only
	if err != nil {
		return fmt.Errorf("write the tokens: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(b, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), t.path())
	}
	if err != nil {
		return fmt.Errorf("write the tokens: %w", err)
	}
	t.read = nil
	return t.refresh()
}

// lookup finds what a token stands for. Every token of the list is compared, in the same time.
func (t *Tokens) lookup(token string) (Token, bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refresh(); err != nil {
		return Token{}, false, err
	}
	sum := []byte(hashToken(token))
	at := -1
	for i, o := range t.list {
		if subtle.ConstantTimeCompare([]byte(o.SHA256), sum) == 1 {
			at = i
		}
	}
	if at < 0 {
		return Token{}, false, nil
	}
	return t.list[at], true, nil
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
