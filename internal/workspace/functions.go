package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"nordlys/internal/kql/bind"
	"nordlys/internal/kql/syntax"
)

// Function is a saved query with parameters. It is kept as functions/NAME.kql in the folder of the workspace: the
// category and the documentation as comments, then the text as let declares it.
type Function struct {
	Name          string
	Category      string
	Documentation string
	Text          string // (parameters) { body }
}

// functionName is what a function may be called; the name is that of its file.
var functionName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// maxFunction bounds the text of a function.
const maxFunction = 1 << 20

func (w *Workspace) functionPath(name string) (string, error) {
	if !functionName.MatchString(name) {
		return "", fmt.Errorf("function %q: a name is letters, digits and _, and begins with no digit", name)
	}
	return filepath.Join(w.dir, "functions", name+".kql"), nil
}

// SaveFunction keeps a function, in place of one of its name. Its text is `(parameters) { body }`, a let statement that
// declares it, or a query alone, which has no parameters then.
func (w *Workspace) SaveFunction(f Function) error {
	path, err := w.functionPath(f.Name)
	if err != nil {
		return err
	}
	text := strings.TrimRight(strings.TrimSpace(f.Text), "; \t\r\n")
	if m := regexp.MustCompile(`(?s)^let\s+[A-Za-z_][A-Za-z0-9_]*\s*=\s*(.*)$`).FindStringSubmatch(text); m != nil && declares(m[1]) {
		text = m[1]
	}
	if !declares(text) {
		text = "() {\n" + text + "\n}"
	}
	if _, diags := syntax.Parse("let f = " + text); diags.HasErrors() {
		return fmt.Errorf("save function %s: %s", f.Name, strings.TrimSpace(diags.Render("let f = "+text)))
	}
	if len(text) > maxFunction {
		return fmt.Errorf("save function %s: it has more than %d bytes", f.Name, maxFunction)
	}
	var s strings.Builder
	for _, line := range []struct{ key, value string }{{"category", f.Category}, {"documentation", f.Documentation}} {
		if line.value != "" {
			fmt.Fprintf(&s, "// %s: %s\n", line.key, strings.Join(strings.Fields(line.value), " "))
		}
	}
	s.WriteString(text + "\n")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("save function %s: %w", f.Name, err)
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, []byte(s.String()), 0o600); err != nil {
		return fmt.Errorf("save function %s: %w", f.Name, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("save function %s: %w", f.Name, err)
	}
	return nil
}

// declares says whether a text is one function declaration.
func declares(text string) bool {
	tree, diags := syntax.Parse("let f = " + text)
	if diags.HasErrors() || len(tree.Statements) != 1 {
		return false
	}
	let, ok := tree.Statements[0].(*syntax.LetStatement)
	if !ok {
		return false
	}
	_, ok = let.Expression.(*syntax.FunctionDeclaration)
	return ok
}

// Function reads a function; the error is fs.ErrNotExist if there is none.
func (w *Workspace) Function(name string) (Function, error) {
	f := Function{Name: name}
	path, err := w.functionPath(name)
	if err != nil || w.dir == "" {
		return f, fs.ErrNotExist
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	if len(data) > 2*maxFunction {
		return f, fmt.Errorf("function %s: the file has more than %d bytes", name, 2*maxFunction)
	}
	f.Text = string(data)
	for {
		line, rest, _ := strings.Cut(f.Text, "\n")
		comment, ok := strings.CutPrefix(line, "// ")
		key, value, hasKey := strings.Cut(comment, ": ")
		switch {
		case ok && hasKey && key == "category":
			f.Category = value
		case ok && hasKey && key == "documentation":
			f.Documentation = value
		default:
			f.Text = strings.TrimSpace(f.Text)
			return f, nil
		}
		f.Text = rest
	}
}

// Functions lists the functions by name.
func (w *Workspace) Functions() ([]Function, error) {
	if w.dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(filepath.Join(w.dir, "functions"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list functions: %w", err)
	}
	var list []Function
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".kql")
		if !ok || !functionName.MatchString(name) {
			continue
		}
		f, err := w.Function(name)
		if err != nil {
			return nil, fmt.Errorf("list functions: %w", err)
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// RemoveFunction forgets a function; the error is fs.ErrNotExist if there is none.
func (w *Workspace) RemoveFunction(name string) error {
	path, err := w.functionPath(name)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

// Function implements bind.Functions.
func (r readable) Function(name string) (string, bool) {
	f, err := r.w.Function(name)
	if err == nil {
		return f.Text, true
	}
	for _, f := range builtinFunctions() {
		if f.Name == name {
			return f.Text, true
		}
	}
	return "", false
}

// FunctionNames implements bind.Functions.
func (r readable) FunctionNames() []string {
	list, _ := r.w.Functions()
	list = append(list, builtinFunctions()...)
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = f.Name
	}
	return names
}

var _ bind.Functions = readable{}
