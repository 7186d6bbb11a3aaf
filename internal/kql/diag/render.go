package diag

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// renderLimit keeps a query with thousands of mistakes readable.
const renderLimit = 20

// excerptWidth is the number of columns of a source line that are shown; longer lines are cut around the span.
const excerptWidth = 140

// Position is a place as an editor counts: lines and columns from 1, columns in characters.
type Position struct {
	Line   int
	Column int
}

// Lines finds lines and columns in one text; build it once for many lookups.
type Lines struct {
	text   string
	starts []int
}

// NewLines indexes the line starts of text.
func NewLines(text string) *Lines {
	starts := []int{0}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return &Lines{text: text, starts: starts}
}

// At returns the position of a byte offset; offsets outside the text are moved to its nearest end.
func (l *Lines) At(offset int) Position {
	offset = max(0, min(offset, len(l.text)))
	line := sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > offset }) - 1
	return Position{Line: line + 1, Column: utf8.RuneCountInString(l.text[l.starts[line]:offset]) + 1}
}

// line returns the text of a line (from 1) without its end and the offset where it starts.
func (l *Lines) line(n int) (string, int) {
	start, end := l.starts[n-1], len(l.text)
	if n < len(l.starts) {
		end = l.starts[n] - 1
	}
	return strings.TrimRight(l.text[start:end], "\r\n"), start
}

// Render writes the list for people: summary, line and column, the source line with carets under the span, and what
// to write instead. Source must be the text that the spans refer to.
func (l List) Render(source string) string {
	var b strings.Builder
	lines := NewLines(source)
	for i, d := range l {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i == renderLimit {
			fmt.Fprintf(&b, "… and %d more\n", len(l)-i)
			break
		}
		d.render(&b, lines)
	}
	return b.String()
}

// Render writes one diagnostic as List.Render does.
func (d Diagnostic) Render(source string) string {
	return List{d}.Render(source)
}

func (d Diagnostic) render(b *strings.Builder, lines *Lines) {
	pos := lines.At(d.Span.Start)
	fmt.Fprintf(b, "%s: %s [%s]\n", d.Severity, d.Summary, d.Code)
	number := fmt.Sprint(pos.Line)
	gutter := strings.Repeat(" ", len(number))
	fmt.Fprintf(b, "%s--> line %d, column %d\n", gutter, pos.Line, pos.Column)
	text, start := lines.line(pos.Line)
	from := max(0, min(d.Span.Start-start, len(text)))
	to := max(from, min(d.Span.End-start, len(text)))
	before, marked, after := excerpt(text, from, to)
	fmt.Fprintf(b, "%s | %s\n", number, printable(before+marked+after))
	fmt.Fprintf(b, "%s | %s%s\n", gutter, padding(before), strings.Repeat("^", max(1, width(marked))))
	if d.Detail != "" {
		for _, line := range strings.Split(d.Detail, "\n") {
			fmt.Fprintf(b, "%s = %s\n", gutter, line)
		}
	}
}

// excerpt cuts a long line around the span [from, to) and returns what stands before, in and after it.
func excerpt(line string, from, to int) (before, marked, after string) {
	before, marked, after = line[:from], line[from:to], line[to:]
	if utf8.RuneCountInString(line) <= excerptWidth {
		return before, marked, after
	}
	marked = firstRunes(marked, excerptWidth/2)
	if keep := excerptWidth / 4; utf8.RuneCountInString(before) > keep {
		cut := len(before)
		for i := 0; i < keep; i++ {
			_, n := utf8.DecodeLastRuneInString(before[:cut])
			cut -= n
		}
		before = "…" + before[cut:]
	}
	used := utf8.RuneCountInString(before) + utf8.RuneCountInString(marked)
	return before, marked, firstRunes(after, max(0, excerptWidth-used))
}

// firstRunes returns at most n characters of s, with an ellipsis in place of the rest.
func firstRunes(s string, n int) string {
	count := 0
	for i := range s {
		if count == n {
			return s[:i] + "…"
		}
		count++
	}
	return s
}

// printable keeps terminal control characters of a hostile query from reaching the terminal; a tab stays, because
// padding repeats it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// padding returns white space as wide as s, with its tabs kept so that they expand as in the line above.
func padding(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\t' {
			b.WriteByte('\t')
			continue
		}
		b.WriteString(strings.Repeat(" ", runeWidth(r)))
	}
	return b.String()
}

// width is the number of terminal columns of s.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth follows Unicode's East Asian Width for the blocks that a terminal draws two columns wide.
func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1100 && r <= 0x115F, r >= 0x2E80 && r <= 0x303E, r >= 0x3041 && r <= 0xA4CF, r >= 0xAC00 && r <= 0xD7A3,
		r >= 0xF900 && r <= 0xFAFF, r >= 0xFE30 && r <= 0xFE6F, r >= 0xFF00 && r <= 0xFF60, r >= 0xFFE0 && r <= 0xFFE6,
		r >= 0x1F300 && r <= 0x1F64F, r >= 0x1F900 && r <= 0x1F9FF, r >= 0x20000 && r <= 0x3FFFD:
		return 2
	}
	return 1
}
