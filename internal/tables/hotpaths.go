package tables

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed hotpaths.tsv
var hotPathsTSV string

// HotPath is a path inside a dynamic column that queries read often. Path is spelled as in KQL, each step with its mark:
// ".user.id", "[0].type".
type HotPath struct {
	Column, Path string
}

// Stored is the name of the column of a segment that holds the value as text, null where the path leads nowhere. No
// column of a table has a dot or a bracket in its name.
func (p HotPath) Stored() string { return p.Column + p.Path }

// StoredIsString is the name of the column that says whether the value is a string of JSON; other values are their own
// JSON text.
func (p HotPath) StoredIsString() string { return p.Stored() + "?" }

var hotPaths = sync.OnceValue(func() map[string][]HotPath {
	out := map[string][]HotPath{}
	for line := range strings.Lines(hotPathsTSV) {
		if line[0] == '#' {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for path := range strings.FieldsSeq(f[2]) {
			out[f[0]] = append(out[f[0]], HotPath{f[1], path})
		}
	}
	return out
})

// HotPaths lists the hot paths of a table.
func HotPaths(table string) []HotPath { return hotPaths()[table] }
