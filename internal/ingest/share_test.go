package ingest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFieldsMapped measures how many of the fields of real records land in a column of their own, for each folder of the samples and
// for each table: values in columns against values in _Unmapped, which holds the top-level and properties fields that no
// column took. -v prints what docs/sources.md says of it.
func TestFieldsMapped(t *testing.T) {
	dir := shared(t)
	folders, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	type count struct {
		mapped, kept int
		fields       map[string]int
	}
	byFolder, byTable := map[string]*count{}, map[string]*count{}
	at := func(m map[string]*count, name string) *count {
		if m[name] == nil {
			m[name] = &count{fields: map[string]int{}}
		}
		return m[name]
	}
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		m := newMemory(t)
		if _, err := Import(t.Context(), []string{filepath.Join(dir, f.Name())}, m, Options{Timezone: time.UTC}); err != nil {
			t.Fatal(err)
		}
		for table, list := range m.rows {
			if strings.HasPrefix(table, "Nordlys") {
				continue
			}
			for _, row := range list {
				for _, c := range []*count{at(byFolder, f.Name()), at(byTable, table)} {
					for name, v := range row {
						if name == "_Unmapped" {
							var kept map[string]any
							if text, ok := v.(string); ok {
								_ = json.Unmarshal([]byte(text), &kept)
							} else {
								b, _ := json.Marshal(v)
								_ = json.Unmarshal(b, &kept)
							}
							c.kept += len(kept)
							for k := range kept {
								c.fields[k]++
							}
						} else if name[0] != '_' && name != "Type" && name != "SourceSystem" {
							c.mapped++
						}
					}
				}
			}
		}
	}
	var all count
	show := func(m map[string]*count) string {
		var b strings.Builder
		var names []string
		for name := range m {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			c := m[name]
			var fields []string
			for f := range c.fields {
				fields = append(fields, f)
			}
			slices.SortFunc(fields, func(x, y string) int { return cmp.Or(c.fields[y]-c.fields[x], strings.Compare(x, y)) })
			fmt.Fprintf(&b, "%-40s %5.1f %% of %6d  %s\n", name, 100*float64(c.mapped)/float64(max(1, c.mapped+c.kept)), c.mapped+c.kept, strings.Join(fields[:min(len(fields), 12)], " "))
		}
		return b.String()
	}
	for _, c := range byFolder {
		all.mapped += c.mapped
		all.kept += c.kept
	}
	share := 100 * float64(all.mapped) / float64(max(1, all.mapped+all.kept))
	t.Logf("by folder:\n%s\nby table:\n%s\nall: %.1f %%", show(byFolder), show(byTable), share)
	if share < 95 {
		t.Errorf("%.1f %% of the fields have a column of their own, at least 95 %% are wanted", share)
	}
}
