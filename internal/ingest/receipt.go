package ingest

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// FileReceipt says what became of one file, archive member or stream.
type FileReceipt struct {
	Path        string     `json:"path"` // a member of an archive is archive!member
	SourceID    string     `json:"sourceId,omitempty"`
	Format      string     `json:"format,omitempty"`
	Tables      []string   `json:"tables,omitempty"`
	Records     int64      `json:"records"`
	Accepted    int64      `json:"accepted"`
	Merged      int64      `json:"merged,omitempty"` // took the place of a row that told less of the same event
	Duplicates  int64      `json:"duplicates"`
	Rejected    int64      `json:"rejected"`
	LeftOut     int64      `json:"leftOut,omitempty"`     // security events that are not of the set asked for
	FirstReason string     `json:"firstReason,omitempty"` // of the rejected records, which are in NordlysRejects
	FirstEvent  *time.Time `json:"firstEvent,omitempty"`
	LastEvent   *time.Time `json:"lastEvent,omitempty"`
	Bytes       int64      `json:"bytes"`           // of the content, uncompressed
	Error       string     `json:"error,omitempty"` // what is wrong with the file as a whole
	Note        string     `json:"note,omitempty"`
}

// Receipt accounts for an import: Accepted + Merged + Duplicates + Rejected + LeftOut = Records, for each file and in total.
type Receipt struct {
	Imported   time.Time     `json:"imported"`
	Files      []FileReceipt `json:"files"`
	Records    int64         `json:"records"`
	Accepted   int64         `json:"accepted"`
	Merged     int64         `json:"merged,omitempty"`
	Duplicates int64         `json:"duplicates"`
	Rejected   int64         `json:"rejected"`
	LeftOut    int64         `json:"leftOut,omitempty"`
	Bytes      int64         `json:"bytes"`
	Errors     int           `json:"errors"`            // files that could not be read, or not to their end
	Derived    string        `json:"derived,omitempty"` // what was made of the rows, in one line; of the caller
}

func (r *Receipt) add(f FileReceipt) {
	r.Files = append(r.Files, f)
	r.Records += f.Records
	r.Accepted += f.Accepted
	r.Merged += f.Merged
	r.Duplicates += f.Duplicates
	r.Rejected += f.Rejected
	r.LeftOut += f.LeftOut
	r.Bytes += f.Bytes
	if f.Error != "" {
		r.Errors++
	}
}

// check holds the account to its rule.
func (r *Receipt) check() error {
	for _, f := range r.Files {
		if f.Accepted+f.Merged+f.Duplicates+f.Rejected+f.LeftOut != f.Records || f.Duplicates < 0 {
			return fmt.Errorf("accounting of %s is wrong: %d accepted + %d merged + %d duplicates + %d rejected + %d left out are not %d records",
				f.Path, f.Accepted, f.Merged, f.Duplicates, f.Rejected, f.LeftOut, f.Records)
		}
	}
	return nil
}

// Failed says whether a file could not be read, or not to its end: the command exits with a non-zero code. Rejected
// records in a readable file are no failure.
func (r *Receipt) Failed() bool { return r.Errors > 0 }

// WriteText writes the receipt for people: a line for each file, a line for each format where there are many files, and
// one in total. Control characters that evidence brings (names in archives) do not reach the terminal.
func (r *Receipt) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Files {
		fmt.Fprintf(&b, "%s: ", f.Path)
		if f.Error != "" && f.Records == 0 {
			fmt.Fprintf(&b, "%s\n", f.Error)
			continue
		}
		if f.Format != "" {
			fmt.Fprintf(&b, "%s → %s: ", f.Format, strings.Join(f.Tables, ", "))
		}
		fmt.Fprintf(&b, "%d records, %s, %d duplicates, %d rejected", f.Records, taken(f.Accepted, f.Merged), f.Duplicates, f.Rejected)
		if f.LeftOut > 0 {
			fmt.Fprintf(&b, ", %d left out", f.LeftOut)
		}
		if f.FirstEvent != nil {
			fmt.Fprintf(&b, ", %s to %s", f.FirstEvent.Format(time.RFC3339), f.LastEvent.Format(time.RFC3339))
		}
		if f.FirstReason != "" && !strings.HasSuffix(f.Error, f.FirstReason) {
			fmt.Fprintf(&b, "; first rejected because: %s (see NordlysRejects)", f.FirstReason)
		}
		if f.Error != "" {
			fmt.Fprintf(&b, "; ERROR: %s", f.Error)
		}
		if f.Note != "" {
			fmt.Fprintf(&b, "; %s", f.Note)
		}
		b.WriteByte('\n')
	}
	if len(r.Files) > manyFiles {
		r.writeFormats(&b)
	}
	fmt.Fprintf(&b, "total: %d files, %d records: %s, %d duplicates, %d rejected", len(r.Files), r.Records, taken(r.Accepted, r.Merged), r.Duplicates, r.Rejected)
	if r.LeftOut > 0 {
		fmt.Fprintf(&b, ", %d left out (security events outside of the set that was asked for)", r.LeftOut)
	}
	if r.Errors > 0 {
		fmt.Fprintf(&b, "; %d files could not be read whole", r.Errors)
	}
	b.WriteByte('\n')
	if r.Derived != "" {
		fmt.Fprintf(&b, "derived: %s\n", r.Derived)
	}
	_, err := io.WriteString(w, visible(b.String()))
	return err
}

// taken says how many rows are new, and how many took the place of others.
func taken(accepted, merged int64) string {
	s := fmt.Sprintf("%d accepted", accepted)
	if merged > 0 {
		s += fmt.Sprintf(", %d merged", merged)
	}
	return s
}

// manyFiles is how many files a receipt may have before it is summed up by format.
const manyFiles = 10

// writeFormats sums the files up by format and tables, in the order in which these were first met.
func (r *Receipt) writeFormats(b *strings.Builder) {
	type sum struct{ files, records, accepted, merged, duplicates, rejected int64 }
	var order []string
	sums := map[string]*sum{}
	width := 0
	for _, f := range r.Files {
		name := "unreadable"
		if f.Format != "" {
			name = f.Format + " → " + strings.Join(f.Tables, ", ")
		}
		s := sums[name]
		if s == nil {
			s = &sum{}
			sums[name] = s
			order = append(order, name)
			width = max(width, len([]rune(name)))
		}
		s.files++
		s.records += f.Records
		s.accepted += f.Accepted
		s.merged += f.Merged
		s.duplicates += f.Duplicates
		s.rejected += f.Rejected
	}
	fmt.Fprintf(b, "\n%-*s %7s %9s %9s %9s %10s %8s\n", width, "format → table", "files", "records", "accepted", "merged", "duplicates", "rejected")
	for _, name := range order {
		s := sums[name]
		fmt.Fprintf(b, "%-*s %7d %9d %9d %9d %10d %8d\n", width, name, s.files, s.records, s.accepted, s.merged, s.duplicates, s.rejected)
	}
	b.WriteByte('\n')
}

// visible replaces control characters other than the line's end.
func visible(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 && c != '\n' || c >= 0x7f && c < 0xa0 {
			return '\uFFFD'
		}
		return c
	}, s)
}
