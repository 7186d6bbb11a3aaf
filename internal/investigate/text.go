package investigate

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// textWidth is how wide lines are; a table name and a time fit a split terminal.
const textWidth = 112

// WriteText writes a story for a terminal: what happened, the steps in order, what says nothing, the queries.
func WriteText(w io.Writer, s *Story) error {
	p := &printer{w: w}
	p.head(s)
	p.summary(s)
	p.timeline(s)
	p.silent(s)
	p.kql(s)
	return p.err
}

// printer keeps the first error, so that the parts need not look.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, a ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", a...)
	}
}

// wrapped writes text with a first and a following indent.
func (p *printer) wrapped(first, rest, text string) {
	for i, l := range wrap(text, textWidth-utf8.RuneCountInString(first)) {
		if i == 0 {
			p.line("%s%s", first, l)
		} else {
			p.line("%s%s", rest, l)
		}
	}
}

// wrap breaks at spaces, and inside words that are longer than a line.
func wrap(text string, width int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(text) {
		for utf8.RuneCountInString(word) > width {
			room := width - utf8.RuneCountInString(line) - 1
			if line == "" {
				room = width
			}
			if room < width/3 {
				out, line = append(out, line), ""
				continue
			}
			runes := []rune(word)
			out = append(out, strings.TrimSpace(line+" "+string(runes[:room])))
			line, word = "", string(runes[room:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			out, line = append(out, line), word
		default:
			line += " " + word
		}
	}
	if line != "" || len(out) == 0 {
		out = append(out, line)
	}
	return out
}

func (p *printer) head(s *Story) {
	var kinds []string
	for _, f := range s.Found {
		kinds = append(kinds, fmt.Sprintf("%s (%s)", f.Kind, plural(float64(f.Rows), "row")))
	}
	p.line("%s: %s", s.Entity, strings.Join(kinds, ", "))
	for _, k := range s.Known {
		p.wrapped("  ", "  ", k)
	}
	byKind := map[string][]string{}
	var order []string
	for _, t := range s.Touched {
		if t.Scope {
			continue
		}
		if byKind[t.Kind] == nil {
			order = append(order, t.Kind)
		}
		byKind[t.Kind] = append(byKind[t.Kind], t.Label)
	}
	for _, k := range order {
		name := k + "s"
		if len(byKind[k]) == 1 {
			name = k
		}
		if name == k+"s" && strings.HasSuffix(k, "s") {
			name = k + "es"
		}
		p.wrapped("  ", "    ", "Followed "+name+": "+strings.Join(byKind[k], ", "))
	}
	p.line("  %s to %s UTC, %s of %s in %s", s.First.Format("2006-01-02 15:04:05"), s.Last.Format("2006-01-02 15:04:05"),
		plural(float64(len(s.Steps)), "step"), plural(float64(countRows(s)), "row"), plural(float64(countTables(s)), "table"))
}

func countRows(s *Story) (n int64) {
	for _, step := range s.Steps {
		n += step.Count
	}
	return n
}

func countTables(s *Story) int {
	seen := map[string]bool{}
	for _, step := range s.Steps {
		seen[step.Table] = true
	}
	return len(seen)
}

func (p *printer) summary(s *Story) {
	if len(s.Summary) == 0 {
		return
	}
	p.line("\nWhat happened")
	for _, n := range s.Summary {
		step := s.Steps[n-1]
		p.wrapped("  - "+step.First.Format("15:04")+"  ", "           ", fmt.Sprintf("%s [%d]", step.Text, n))
	}
}

// span writes the time of a step; the date only where it is not the day's own.
func span(first, last time.Time) string {
	a, b := first.Truncate(time.Second), last.Truncate(time.Second)
	switch {
	case a.Equal(b):
		return a.Format("15:04:05")
	case a.Format(time.DateOnly) != b.Format(time.DateOnly):
		return a.Format("15:04:05") + "-" + b.Format("01-02 15:04")
	}
	return a.Format("15:04:05") + "-" + b.Format("15:04:05")
}

func (p *printer) timeline(s *Story) {
	day := ""
	for _, step := range s.Steps {
		if d := step.First.Format(time.DateOnly); d != day {
			p.line("\nTimeline, %s (UTC)", d)
			day = d
		}
		first := fmt.Sprintf("%4s  %-17s  ", fmt.Sprintf("[%d]", step.Number), span(step.First, step.Last))
		rest := strings.Repeat(" ", utf8.RuneCountInString(first))
		p.wrapped(first, rest, step.Text)
		about := step.Source + ", " + plural(float64(step.Count), "row")
		if step.Tactic != "" {
			about += ", " + step.Tactic
		}
		if step.Via != "" {
			about += ", by following " + step.Via
		}
		p.wrapped(rest+"· ", rest+"  ", about)
	}
}

func (p *printer) silent(s *Story) {
	if len(s.Silent) == 0 && len(s.Notes) == 0 {
		return
	}
	groups := []struct {
		why  Reason
		head string
	}{
		{NotNamed, "Collected, and silent about this"},
		{NoTime, "Collected, but nothing of this time"},
		{NotCollected, "Not collected: what these would have shown is not in the story"},
	}
	p.line("\nNot seen here")
	for _, g := range groups {
		var names []string
		var list []Silence
		for _, e := range s.Silent {
			if e.Why == g.why {
				names = append(names, e.Source+" ("+strings.Join(e.Tables, ", ")+")")
				list = append(list, e)
			}
		}
		switch {
		case len(list) == 0:
		case g.why != NotCollected:
			p.wrapped("  ", "    ", g.head+": "+strings.Join(names, "; "))
		default:
			p.line("  %s:", g.head)
			var others []string
			for _, e := range list {
				if e.Optional {
					others = append(others, e.Source)
					continue
				}
				p.wrapped("  - ", "    ", e.Source+". "+e.Text)
			}
			if len(others) > 0 {
				p.wrapped("  - ", "    ", "Where you have them: "+strings.Join(others, ", ")+". How to collect each: --format json.")
			}
		}
	}
	for _, n := range s.Notes {
		p.wrapped("  ! ", "    ", n)
	}
}

func (p *printer) kql(s *Story) {
	p.line("\nKQL behind each step")
	for _, step := range s.Steps {
		p.line("\n// [%d] %s", step.Number, plural(float64(step.Count), "row"))
		p.line("%s", step.KQL)
	}
}
