package workspace

import (
	"fmt"
	"slices"
	"strings"

	"nordlys/internal/kql/syntax"
	"nordlys/internal/tables"
)

// A role, in settings.yaml:
//
//	roles:
//	  identity-analyst:
//	    read: [identity, SecurityAlert]        # tables, groups of tables, or all
//	    deny: [AuditLogs]                      # which wins over read, also over that of another role
//	    rows:                                  # conditions in KQL: only these rows
//	      SigninLogs: UserPrincipalName endswith "@contoso.com"
//	    hide:                                  # columns
//	      SigninLogs: [IPAddress, LocationDetails]
//	    may: [ingest]                          # query goes without saying; ingest, rules, administer
//
// Who has several roles may read what any of them reads and none denies; of a table that several roles read, the rows
// that any of them shows, without the columns that all of them hide.

// Role is what those may do who have it.
type Role struct {
	Read []string            `yaml:"read"`
	Deny []string            `yaml:"deny"`
	Rows map[string]string   `yaml:"rows"`
	Hide map[string][]string `yaml:"hide"`
	May  []string            `yaml:"may"`
}

// The rights beside reading.
const (
	MayIngest     = "ingest"
	MayRules      = "rules"
	MayAdminister = "administer" // also tokens, roles, retention
)

// allTables is the group of every table.
const allTables = "all"

func (r Role) check() error {
	for _, list := range [][]string{r.Read, r.Deny} {
		for _, name := range list {
			if !knownTables(name) {
				return fmt.Errorf("%q is neither a table nor a group of tables: use all, %s, a table of Azure's, or one whose name ends in _CL", name, strings.Join(tables.Groups(), ", "))
			}
		}
	}
	for table, condition := range r.Rows {
		text := "T | where " + condition
		if tree, diags := syntax.Parse(text); diags.HasErrors() || len(tree.Statements) != 1 || strings.ContainsAny(condition, "|;") && !oneCondition(tree) {
			return fmt.Errorf("rows of %s: %q is not a condition in KQL", table, condition)
		}
	}
	for _, right := range r.May {
		if right != MayIngest && right != MayRules && right != MayAdminister {
			return fmt.Errorf("may: %q: use %s, %s or %s", right, MayIngest, MayRules, MayAdminister)
		}
	}
	return nil
}

// oneCondition says whether a query is T | where and nothing else: a condition may have bars and semicolons in texts.
func oneCondition(tree *syntax.Query) bool {
	st, ok := tree.Statements[0].(*syntax.ExpressionStatement)
	if !ok {
		return false
	}
	pipe, ok := st.Expression.(*syntax.PipeExpression)
	return ok && len(pipe.Operators) == 1
}

func knownTables(name string) bool {
	if name == allTables || slices.Contains(tables.Groups(), name) || validName(name) && strings.HasSuffix(name, "_CL") {
		return true
	}
	t, ok := tables.Builtin().Lookup(name)
	return ok && t.Name == name
}

// names says whether a list of tables and groups has a table.
func names(list []string, table string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		return s == table || s == allTables || s == tables.Builtin().GroupOf(table)
	})
}

// Viewer is somebody on whose behalf queries run. A nil Viewer is the owner of the folder, who may do everything.
type Viewer struct {
	Name  string // for the audit
	roles []Role
}

// Viewer makes somebody who has roles of this workspace's settings. Without any, nothing may be read.
func (w *Workspace) Viewer(name string, roles ...string) (*Viewer, error) {
	v := &Viewer{Name: name}
	for _, r := range roles {
		role, ok := w.settings.Roles[r]
		if !ok {
			return nil, fmt.Errorf("%s has the role %q, which %s of workspace %s does not define", name, r, settingsFile, w.dir)
		}
		v.roles = append(v.roles, role)
	}
	return v, nil
}

// May says whether somebody has a right beside reading.
func (v *Viewer) May(right string) bool {
	return v == nil || slices.ContainsFunc(v.roles, func(r Role) bool { return slices.Contains(r.May, right) })
}

// Reads says whether somebody may read a table.
func (v *Viewer) Reads(table string) bool {
	if v == nil {
		return true
	}
	return !slices.ContainsFunc(v.roles, func(r Role) bool { return names(r.Deny, table) }) && len(v.grants(table)) > 0
}

// grants are the roles by which somebody reads a table.
func (v *Viewer) grants(table string) []Role {
	var out []Role
	for _, r := range v.roles {
		if names(r.Read, table) {
			out = append(out, r)
		}
	}
	return out
}

// rows is the condition for the rows of a table that may be read, or "".
func (v *Viewer) rows(table string) string {
	if v == nil {
		return ""
	}
	var conditions []string
	for _, r := range v.grants(table) {
		c := r.Rows[table]
		if c == "" {
			return "" // one role shows them all
		}
		conditions = append(conditions, "("+c+")")
	}
	return strings.Join(conditions, " or ")
}

// hides says whether a column may not be read.
func (v *Viewer) hides(table, column string) bool {
	if v == nil {
		return false
	}
	grants := v.grants(table)
	return len(grants) > 0 && !slices.ContainsFunc(grants, func(r Role) bool { return !slices.Contains(r.Hide[table], column) })
}

// TableFor is Table as somebody may see it: not there if it may not be read.
func (w *Workspace) TableFor(v *Viewer, name string) (visible, hidden []tables.Column, ok bool) {
	if !v.Reads(name) {
		return nil, nil, false
	}
	visible, hidden, ok = w.Table(name)
	if v == nil {
		return visible, hidden, ok
	}
	unseen := func(c tables.Column) bool { return v.hides(name, c.Name) }
	return slices.DeleteFunc(slices.Clone(visible), unseen), slices.DeleteFunc(slices.Clone(hidden), unseen), ok
}

// NamesFor lists the tables that somebody may read.
func (w *Workspace) NamesFor(v *Viewer) []string {
	all := w.Names()
	if v == nil {
		return all
	}
	return slices.DeleteFunc(all, func(name string) bool { return !v.Reads(name) })
}
