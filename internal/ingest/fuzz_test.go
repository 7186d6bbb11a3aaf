package ingest

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"nordlys/internal/ingest/activity"
	"nordlys/internal/ingest/arm"
	"nordlys/internal/ingest/custom"
	"nordlys/internal/ingest/defender"
	"nordlys/internal/ingest/diag"
	"nordlys/internal/ingest/dnslog"
	"nordlys/internal/ingest/entra"
	"nordlys/internal/ingest/export"
	"nordlys/internal/ingest/flowlog"
	"nordlys/internal/ingest/graph"
	"nordlys/internal/ingest/m365"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/ingest/syslog"
	"nordlys/internal/ingest/threatintel"
	"nordlys/internal/ingest/windows"
	"nordlys/internal/tables"
)

func FuzzEntra(f *testing.F) {
	fuzz(f, "entra", ".json", func() Decoder { return records.New(custom.New(), entra.New()) })
}

func FuzzActivity(f *testing.F) {
	fuzz(f, "activity", ".json", func() Decoder { return records.New(custom.New(), activity.New()) })
}

func FuzzDiag(f *testing.F) {
	fuzz(f, "diag", ".json", func() Decoder { return records.New(custom.New(), diag.New()) })
}

func FuzzFlowlog(f *testing.F) {
	fuzz(f, "flowlog", ".json", func() Decoder { return records.New(custom.New(), flowlog.New()) })
}

func FuzzWindows(f *testing.F) {
	fuzz(f, "windows", ".json", func() Decoder { return records.New(custom.New(), windows.New(windows.Set{})) })
}

func FuzzWindowsXML(f *testing.F) {
	fuzz(f, "windows", ".xml", func() Decoder { return windows.New(windows.Set{}).XML() })
}

func FuzzDefender(f *testing.F) {
	fuzz(f, "defender", ".json", func() Decoder { return records.New(custom.New(), defender.New()) })
}

func FuzzM365(f *testing.F) {
	fuzz(f, "m365", ".json", func() Decoder { return records.New(custom.New(), m365.New()) })
}

func FuzzM365CSV(f *testing.F) {
	fuzz(f, "m365", ".csv", func() Decoder { return export.NewCSV(records.New(custom.New(), m365.New())) })
}

func FuzzCustom(f *testing.F) {
	fuzz(f, "custom", ".json", func() Decoder { return records.New(custom.New()) })
}

func FuzzExportJSON(f *testing.F) {
	fuzz(f, "export", ".json", func() Decoder { return records.New(custom.New(), export.New()) })
}

func FuzzExportCSV(f *testing.F) {
	fuzz(f, "export", ".csv", func() Decoder { return export.NewCSV(records.New(custom.New(), m365.New())) })
}

func FuzzExportResult(f *testing.F) {
	fuzz(f, "export", ".json", func() Decoder { return export.NewResult() })
}

// fuzz starts from the files of a family's cases and holds that no input makes a decoder panic, miscount, or build a
// batch that breaks the contract of the sink.
func fuzz(f *testing.F, family, ext string, decoder func() Decoder) {
	cases, _ := filepath.Glob(family + "/testdata/*.txtar")
	for _, path := range cases {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if strings.HasSuffix(file.Name, ext) {
				f.Add(file.Data)
				for _, line := range bytes.Split(file.Data, []byte("\n")) {
					f.Add(line) // small inputs are mutated to more purpose
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := newMemory(t)
		m.quiet = true
		w := rows.NewWriter(rows.Config{Schemas: rows.NewSchemas(tables.Builtin(), nil), Zone: time.UTC, Now: 1,
			Emit: func(ctx context.Context, b rows.Batch) error {
				_, _, err := m.Append(ctx, b.Table, b.Rec)
				b.Rec.Release()
				return err
			}})
		w.Start(rows.File{Path: "fuzz", SourceID: "f"})
		_ = decoder().Decode(t.Context(), bytes.NewReader(data), w)
		if _, err := w.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzGraph(f *testing.F) {
	fuzz(f, "graph", ".json", func() Decoder { return records.New(custom.New(), graph.New()) })
}

func FuzzARM(f *testing.F) {
	fuzz(f, "arm", ".json", func() Decoder { return records.New(custom.New(), activity.New(), arm.New()) })
}

func FuzzGraphCSV(f *testing.F) {
	fuzz(f, "graph", ".csv", func() Decoder { return export.NewCSV(records.New(custom.New(), graph.New())) })
}

func FuzzThreatIntel(f *testing.F) {
	fuzz(f, "threatintel", ".json", func() Decoder { return records.New(custom.New(), threatintel.New(), threatintel.NewTable()) })
}

func FuzzThreatIntelList(f *testing.F) {
	fuzz(f, "threatintel", ".txt", func() Decoder { return threatintel.NewList() })
}

func FuzzThreatIntelTable(f *testing.F) {
	fuzz(f, "threatintel", ".csv", func() Decoder { return threatintel.NewList() })
}

func FuzzSyslog(f *testing.F) {
	fuzz(f, "syslog", ".log", func() Decoder { return syslog.NewText() })
}

func FuzzJournal(f *testing.F) {
	fuzz(f, "syslog", ".json", func() Decoder { return records.New(custom.New(), syslog.NewJournal()) })
}

func FuzzDNSLog(f *testing.F) {
	fuzz(f, "dnslog", ".log", func() Decoder { return dnslog.New() })
}
