package enrich

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"nordlys/internal/workspace"
)

// TestRealRows holds our rows to real ones of Traffic Analytics: for each type of flow, ours have values in the columns in
// which real rows have some, and they look alike. It is skipped where the public samples are not.
func TestRealRows(t *testing.T) {
	dir := os.Getenv("NORDLYS_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	path := filepath.Join(dir, "samples", "traffic_analytics")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: no public samples at %s; set NORDLYS_SHARED to compare with real rows", path)
	}
	real := shapes(t, imported(t, path))
	if len(real) < 5 {
		t.Fatalf("%d types of flows in the samples", len(real))
	}
	ours := map[string]map[string][]string{}
	for _, name := range []string{"types", "threats"} {
		a, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		dir, _ := unpack(t, a)
		w := imported(t, dir)
		if _, err := Run(t.Context(), w, Options{}); err != nil {
			t.Fatal(err)
		}
		for kind, columns := range shapes(t, w) {
			if ours[kind] == nil {
				ours[kind] = map[string][]string{}
			}
			for c, looks := range columns {
				ours[kind][c] = append(ours[kind][c], looks...)
			}
		}
	}
	// What depends on the workspace, on data of others, and the names of an end in the case without topology.
	skip := regexp.MustCompile(`^(TenantId|Type|_.*|TimeGenerated|Country|AzureRegion|(Src|Dest)(Nic|Vm|Subnet|Region))$`)
	compared := 0
	for kind, columns := range real {
		for c, looks := range columns {
			if skip.MatchString(c) && len(ours[kind][c]) == 0 {
				continue
			}
			compared++
			if !slices.ContainsFunc(looks, func(s string) bool { return slices.Contains(ours[kind][c], s) }) {
				t.Errorf("%s: %s looks like %q in real rows, like %q in ours", kind, c, looks, ours[kind][c])
			}
		}
	}
	if compared < 120 {
		t.Errorf("%d columns compared", compared)
	}
}

// shapes says for each type of flow which columns have values, and how these look.
func shapes(t *testing.T, w *workspace.Workspace) map[string]map[string][]string {
	t.Helper()
	out := map[string]map[string][]string{}
	ask(t, w, "NTANetAnalytics | where SubType == 'FlowLog'", func(names, types []string, row []any) {
		kind, _ := row[slices.Index(names, "FlowType")].(string)
		if out[kind] == nil {
			out[kind] = map[string][]string{}
		}
		for i, v := range row {
			look := types[i]
			if s, ok := v.(string); ok {
				look = shape(s)
			}
			if v != nil && look != "" && !slices.Contains(out[kind][names[i]], look) {
				out[kind][names[i]] = append(out[kind][names[i]], look)
			}
		}
	})
	return out
}

// shape is how a text looks: each word is a where its letters are small, A where they are capitals, Aa where it has both;
// what lies between words stays; of a list the first entry counts.
func shape(s string) string {
	s, _, _ = strings.Cut(s, " ")
	return regexp.MustCompile(`[A-Za-z0-9_.:-]+`).ReplaceAllStringFunc(s, func(w string) string {
		switch low, up := strings.ToLower(w), strings.ToUpper(w); {
		case w == low:
			return "a"
		case w == up:
			return "A"
		}
		return "Aa"
	})
}
