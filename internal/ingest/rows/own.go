package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/zeebo/xxh3"

	"nordlys/internal/tables"
)

// SourceRow is what NordlysSources says of a file.
type SourceRow struct {
	Format, Tables, First, Error, Note             string
	Bytes, Records, Accepted, Duplicates, Rejected int64
	Merged, LeftOut                                int64
	From, To                                       int64 // ticks, 0 for none
}

// Source writes the row of NordlysSources for the current file. Its identity leaves out what differs when the same file
// is read again, so that it is written once.
func (w *Writer) Source(ctx context.Context, s SourceRow) error {
	t := w.Table(tables.NordlysSources)
	t.Begin()
	t.SetInt(t.time, w.file.Modified)
	t.SetInt(t.Column("Imported"), w.cfg.Now)
	for name, text := range map[string]string{"Path": w.file.Path, "Format": s.Format, "Tables": s.Tables, "FirstReason": s.First,
		"Error": s.Error, "Note": s.Note} {
		t.SetString(t.Column(name), toValid(text))
	}
	for name, n := range map[string]int64{"Bytes": s.Bytes, "Records": s.Records, "Accepted": s.Accepted, "Merged": s.Merged,
		"Duplicates": s.Duplicates, "Rejected": s.Rejected, "LeftOut": s.LeftOut} {
		t.SetInt(t.Column(name), n)
	}
	if s.From != 0 {
		t.SetInt(t.Column("FirstEvent"), s.From)
		t.SetInt(t.Column("LastEvent"), s.To)
	}
	what := "source " + s.Error
	if s.LeftOut > 0 {
		what += fmt.Sprint(" left out ", s.LeftOut)
	}
	t.commit(w.ownID(what))
	return w.flush(ctx, t)
}

// ownID is the identity of a row about the current file.
func (w *Writer) ownID(what string) uint64 {
	return xxh3.HashString(w.file.SourceID + "\x00" + w.file.Path + "\x00" + what)
}

func toValid(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
