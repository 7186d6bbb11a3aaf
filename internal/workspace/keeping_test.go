package workspace

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nordlys/internal/engine/duckdb"
)

func withSettings(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, settingsFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRetain(t *testing.T) {
	ctx := context.Background()
	dir := withSettings(t, "retention: {default: {interactive: 10d, total: 30d}, tables: {Kept_CL: {total: 9y, interactive: 8y}}}")
	w := open(t, dir, Write)
	for i := range int64(3) {
		add(t, w, "T_CL", batch("A", row{day0 + i*20*ticksPerDay, i, "x"}), 1)
	}
	add(t, w, "Kept_CL", batch("A", row{day0, 1, "x"}), 1)
	flush(t, w)
	first := time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)
	old := func(table string) { // as if it had been taken in on the day
		for _, s := range w.catalog.segments(table) {
			s.made = 0
		}
	}
	// Rows of long ago that came just now stay.
	if out, err := w.Retain(ctx, time.Now().Add(time.Hour)); err != nil || len(out) > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	old("T_CL")
	old("Kept_CL")
	out, err := w.Retain(ctx, first.AddDate(0, 0, 33))
	if err != nil || len(out) != 1 || out[0].Table != "T_CL" || out[0].GoneRows != 1 || out[0].ArchivedRows != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, archiveDir, "T_CL", "2026-03-31", "*.parquet")); len(found) != 1 {
		t.Errorf("the archive has %v", found)
	}
	r := open(t, dir, Read)
	if got := answer(t, r, "T_CL | count"); !slices.Equal(got, []string{"2"}) {
		t.Errorf("%v rows, want 2", got)
	}
	if got := answer(t, r, "T_CL | where TimeGenerated between (datetime(2026-03-31) .. 1d) | project A"); !slices.Equal(got, []string{"x"}) {
		t.Errorf("from the archive: %v", got)
	}
	if v, err := r.Verify(ctx); err != nil || len(v.Problems) > 0 || v.Segments != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	// Rows in the archive are known: they do not come again.
	add(t, w, "T_CL", batch("A", row{day0 + 20*ticksPerDay, 1, "x"}), 0)
	if out, err = w.Retain(ctx, first.AddDate(1, 0, 0)); err != nil || len(out) != 1 || out[0].GoneRows != 2 {
		t.Errorf("%+v, %v", out, err)
	}
	if got := answer(t, w, "union T_CL, Kept_CL | count"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("%v rows at last, want 1", got)
	}
}

func TestRetentionErrors(t *testing.T) {
	for text, want := range map[string]string{
		"retention: {default: {total: 90}}":                    `"90" is no length of time`,
		"retention: {default: {total: 999y}}":                  "longer than 200 years",
		"retention: {default: {interactive: 9d, total: 2d}}":   "longer than total",
		"retention: {tables: {'a b': {total: 2d}}}":            "no table",
		"retention: {default: {totl: 2d}}":                     "totl",
		"retention: {tables: {A_CL: {interactive: 1d, x: 2}}}": "x",
	} {
		if _, err := Open(context.Background(), withSettings(t, text), Write, duckdb.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestPurge(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	w := open(t, dir, Write)
	all := func() []event {
		return []event{{1, 1, "f", "ann", "Portal", ""}, {2, 2, "f", "ben", "Portal", ""}, {3, 3, "f", "ann", "Shell", ""}}
	}
	appended(t, w, "SigninLogs", events(day0, all()...), 3, 0)
	flush(t, w)
	appended(t, w, "SigninLogs", events(day0+ticksPerDay, event{4, 4, "f", "cy", "", ""}), 1, 0)
	if n, err := w.Purge(ctx, "SigninLogs", "Identity == 'ann'"); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	if got := answer(t, w, "SigninLogs | project Identity | sort by Identity asc"); !slices.Equal(got, []string{"ben", "cy"}) {
		t.Errorf("left: %v", got)
	}
	for _, path := range files(t, dir) {
		text, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(text), "ann") {
			t.Errorf("%s still has it (%v)", path, err)
		}
	}
	if v, err := w.Verify(ctx); err != nil || len(v.Problems) > 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if n, err := w.Purge(ctx, "SigninLogs", "Identity == 'ann'"); err != nil || n != 0 {
		t.Error(n, err)
	}
	for _, condition := range []string{"true | union T", "Nonesuch == 1", ")"} {
		if _, err := w.Purge(ctx, "SigninLogs", condition); err == nil {
			t.Errorf("the condition %q was taken", condition)
		}
	}
	appended(t, w, "SigninLogs", events(day0, all()...), 2, 0) // the evidence is there still
}

func TestBackup(t *testing.T) {
	ctx, dir, target := context.Background(), withSettings(t, "roles: {a: {read: [all]}}"), filepath.Join(t.TempDir(), "backup")
	w := open(t, dir, Write)
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}), 1)
	add(t, w, "U_CL", batch("B", row{day0, 1, "y"}), 1)
	flush(t, w)
	if err := w.SaveFunction(Function{Name: "F", Text: "() { T_CL }"}); err != nil {
		t.Fatal(err)
	}
	done, err := w.Backup(ctx, target)
	if err != nil || done.Segments != 2 || done.Copied != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	add(t, w, "T_CL", batch("C", row{day0 + ticksPerDay, 2, "z"}), 1)
	flush(t, w)
	if _, err := w.Purge(ctx, "U_CL", "true"); err != nil {
		t.Fatal(err)
	}
	if done, err = open(t, dir, Read).Backup(ctx, target); err != nil || done.Segments != 2 || done.Copied != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	const query = "union withsource = S F(), U_CL | project S, A, C | sort by C asc"
	b := open(t, target, Read)
	if got := answer(t, b, query); !slices.Equal(got, answer(t, w, query)) || len(got) != 2 {
		t.Errorf("the backup says %q, the workspace %q", got, answer(t, w, query))
	}
	if v, err := b.Verify(ctx); err != nil || len(v.Problems) > 0 {
		t.Errorf("%+v, %v", v, err)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	if _, err := Restore(ctx, target, restored); err != nil {
		t.Fatal(err)
	}
	if got := answer(t, open(t, restored, Read), query); len(got) != 2 {
		t.Errorf("restored: %q", got)
	}
	if _, err := Restore(ctx, target, restored); err == nil || !strings.Contains(err.Error(), "there is a workspace already") {
		t.Error(err)
	}
	for _, to := range []string{dir, filepath.Join(dir, "inside")} {
		if _, err := w.Backup(ctx, to); err == nil {
			t.Errorf("a backup to %s was made", to)
		}
	}
}
