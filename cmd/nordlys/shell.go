package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/reeflective/readline"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"nordlys/internal/engine"
	"nordlys/internal/engine/duckdb"
	"nordlys/internal/kql"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/workspace"
)

func shellCommand(g *global) *cobra.Command {
	var f queryFlags
	c := &cobra.Command{
		Use:   "shell",
		Short: "Ask one query after another, with history, completion and help",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := f.query(""); err != nil {
				return err
			}
			mode := workspace.Read
			if _, err := os.Stat(g.workspace); errors.Is(err, os.ErrNotExist) {
				mode = workspace.Memory
			}
			w, err := workspace.Open(c.Context(), g.workspace, mode, duckdb.Options{MemoryLimit: f.memory, TempDir: os.TempDir()})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			s := &shell{workspace: w, flags: f, format: "table", out: c.OutOrStdout(), errs: c.ErrOrStderr()}
			if in, ok := c.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
				return s.interactive(g, mode)
			}
			return s.read(c.InOrStdin())
		},
	}
	f.add(c)
	return c
}

// shell asks queries of one workspace.
type shell struct {
	workspace *workspace.Workspace
	flags     queryFlags
	format    string
	out, errs io.Writer
	paged     bool
}

// ends says whether a text is a whole entry: a command, or a query that ends with ; or an empty line.
func ends(text string) bool {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || strings.HasPrefix(trimmed, ".") {
		return true
	}
	last := text[strings.LastIndexByte(text, '\n')+1:]
	return strings.Contains(text, "\n") && strings.TrimSpace(last) == "" || strings.HasSuffix(trimmed, ";") && !kql.Unfinished(trimmed)
}

// read takes entries from a pipe or a file.
func (s *shell) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	text, failed := "", false
	for {
		more := lines.Scan()
		if more {
			text += lines.Text() + "\n"
		}
		if !more || ends(strings.TrimSuffix(text, "\n")) {
			ok, quit := s.entry(text)
			failed = failed || !ok
			if quit || !more {
				break
			}
			text = ""
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if failed {
		return &exitError{exitData, nil}
	}
	return nil
}

func (s *shell) interactive(g *global, mode workspace.Mode) error {
	fmt.Fprintf(s.out, "End a query with ; or an empty line. Tab completes, .help helps, Ctrl-D leaves.\n")
	if mode == workspace.Memory {
		fmt.Fprintf(s.out, "There is no workspace %s: queries without tables work.\n", g.workspace)
	}
	s.paged = true
	rl := readline.NewShell()
	rl.Prompt.Primary(func() string { return "nordlys> " })
	rl.Prompt.Secondary(func() string { return "       > " })
	rl.AcceptMultiline = func(line []rune) bool { return ends(string(line)) }
	rl.Completer = func(line []rune, cursor int) readline.Completions { return s.complete(string(line[:cursor])) }
	if path, err := historyFile(); err == nil {
		if h, err := readline.NewHistoryFromFile(path); err == nil {
			rl.History.Add("history", h)
		}
	}
	for {
		text, err := rl.Readline()
		switch {
		case errors.Is(err, readline.ErrInterrupt):
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if _, quit := s.entry(text); quit {
			return nil
		}
	}
}

// historyFile is made for its user alone: queries name people and machines.
func historyFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "nordlys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "history")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return "", err
	}
	return path, f.Close()
}

func (s *shell) complete(text string) readline.Completions {
	if strings.HasPrefix(text, ".") && !strings.Contains(text, " ") {
		return readline.CompleteValues(shellCommands...)
	}
	q, err := s.flags.query(text)
	if err != nil {
		return readline.Completions{}
	}
	start, list := s.workspace.Complete(q, len(text))
	values := make([]readline.Completion, len(list))
	for i, x := range list {
		values[i] = readline.Completion{Value: x.Text, Display: x.Text, Description: x.Detail, Tag: x.Kind}
	}
	done := readline.CompleteRaw(values)
	done.PREFIX = text[start:]
	return done
}

var shellCommands = []string{".help", ".tables", ".schema", ".timespan", ".format", ".quit"}

const shellHelp = `A query ends with ; or an empty line; let statements before it belong to it.

    .help NAME        an operator, function, aggregate or plugin: .help summarize
    .tables [TEXT]    tables with rows, or those whose names hold the text
    .schema TABLE     columns of a table
    .timespan [SPAN]  bounds TimeGenerated: P1D, PT1H, START/END; nothing removes the bound
    .format FORMAT    table, json, ndjson or csv
    .quit             or Ctrl-D
`

// entry runs a command or a query; ok is false where it failed, which has been said then.
func (s *shell) entry(text string) (ok, quit bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return true, false
	}
	err := error(nil)
	if strings.HasPrefix(text, ".") {
		command, rest, _ := strings.Cut(text, " ")
		rest = strings.TrimSuffix(strings.TrimSpace(rest), ";")
		if command == ".quit" || command == ".exit" {
			return true, true
		}
		err = s.command(command, rest)
	} else {
		err = s.query(text)
	}
	var e *exitError
	if err != nil && !(errors.As(err, &e) && e.err == nil) {
		fmt.Fprintln(s.errs, printable(err.Error()))
	}
	return err == nil, false
}

func (s *shell) command(name, rest string) error {
	switch name {
	case ".help":
		if rest == "" {
			_, err := io.WriteString(s.out, shellHelp)
			return err
		}
		text, near, ok := kql.Help(rest)
		if !ok {
			hint := ""
			if n := diag.Nearest(rest, near); n != "" {
				hint = ": did you mean " + n + "?"
			}
			return fmt.Errorf("there is no help for %s%s", rest, hint)
		}
		_, err := io.WriteString(s.out, text)
		return err
	case ".tables":
		for _, t := range s.workspace.Tables() {
			if strings.Contains(strings.ToLower(t.Name), strings.ToLower(rest)) {
				fmt.Fprintf(s.out, "%-40s %12d rows\n", t.Name, t.Rows)
			}
		}
		return nil
	case ".schema":
		visible, _, ok := s.workspace.Table(rest)
		if !ok {
			return fmt.Errorf("there is no table %s: .tables lists them", rest)
		}
		for _, c := range visible {
			fmt.Fprintf(s.out, "%-50s %s\n", c.Name, c.Type)
		}
		return nil
	case ".timespan":
		if _, _, err := parseTimespan(rest, time.Now()); err != nil {
			return err
		}
		s.flags.timespan = rest
		return nil
	case ".format":
		if _, err := newOutput(rest, io.Discard); err != nil {
			return err
		}
		s.format = rest
		return nil
	}
	hint := ""
	if n := diag.Nearest(name, shellCommands); n != "" {
		hint = ", did you mean " + n + "?"
	}
	return fmt.Errorf("there is no command %s%s (.help lists them)", name, hint)
}

// query runs one query; Ctrl-C stops it and nothing else.
func (s *shell) query(text string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	q, err := s.flags.query(text)
	if err != nil {
		return err
	}
	q.Advice = s.paged
	p, list, err := s.workspace.Compile(ctx, q)
	if len(list) > 0 {
		fmt.Fprint(s.errs, list.Render(text))
	}
	if err != nil {
		return &exitError{exitData, nil}
	}
	return paged(s.out, s.paged, func(w io.Writer) error {
		write, err := newOutput(s.format, w)
		if err != nil {
			return err
		}
		return write(p, func(one *plan.Query) (engine.Rows, error) {
			return s.workspace.Engine().Run(ctx, engine.Request{Query: one, Tables: s.workspace, Now: q.Now, Limits: q.Limits})
		})
	})
}

// paged runs write with the pager that the user has (PAGER, else less) before a terminal. What fits the screen is just
// printed.
func paged(out io.Writer, want bool, write func(io.Writer) error) error {
	file, ok := out.(*os.File)
	if !want || !ok || !term.IsTerminal(int(file.Fd())) {
		return write(out)
	}
	command := strings.Fields(os.Getenv("PAGER"))
	if len(command) == 0 || slices.Equal(command, []string{"less"}) {
		command = []string{"less", "-FRSX"}
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return write(out)
	}
	cmd := exec.Command(path, command[1:]...)
	cmd.Stdout, cmd.Stderr = file, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return write(out)
	}
	if err := cmd.Start(); err != nil {
		return write(out)
	}
	err = write(in)
	_ = in.Close()
	_ = cmd.Wait()
	if errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.EPIPE) {
		return nil // the reader has seen enough
	}
	return err
}
