package tables

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed narration
var narrationFiles embed.FS

// Narration says how rows are told to people, as data: which rows of a table make one step of a story, what of them
// matters, in which words, and where to look next. Every expression in it is KQL over the columns of its table. It does
// not change once made.
type Narration struct {
	Rules    []Rule                       `yaml:"rules"`
	Scopes   []Scope                      `yaml:"scopes"`
	Machines []Machine                    `yaml:"machines"`
	Accounts []Profile                    `yaml:"accounts"` // facts upn, objectid, sid, domain\name: other names of one account
	Profiles []Profile                    `yaml:"profiles"`
	Words    map[string]map[string]string `yaml:"words"`    // by list: what a code means
	Loose    []string                     `yaml:"loose"`    // Table.Column: holds the entity's value among other text
	Ignore   map[string][]string          `yaml:"ignore"`   // by kind: values that say nothing, never followed
	Derived  map[string]string            `yaml:"derived"`  // by table: which of the rows that Nordlys made of others are told, as the others are
	Known    []string                     `yaml:"known"`    // tables of what somebody knows, whose rows are nothing that happened: profiles only
	Optional []string                     `yaml:"optional"` // sources that only some have: their absence is told in passing
}

// Expr is a named KQL expression.
type Expr struct {
	Name string
	KQL  string
}

// Exprs is a list of named expressions, in YAML a mapping whose order counts.
type Exprs []Expr

// UnmarshalYAML reads a mapping of names to expressions.
func (e *Exprs) UnmarshalYAML(b []byte) error {
	var items yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(b, &items, yaml.UseOrderedMap()); err != nil {
		return err
	}
	for _, i := range items {
		*e = append(*e, Expr{fmt.Sprint(i.Key), fmt.Sprint(i.Value)})
	}
	return nil
}

// Duration is a time.Duration written as 30m or 24h.
type Duration time.Duration

// UnmarshalYAML reads what time.ParseDuration reads.
func (d *Duration) UnmarshalYAML(b []byte) error {
	var s string
	if err := yaml.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := time.ParseDuration(s)
	*d = Duration(v)
	return err
}

// Level is how a step is told. Text is a template over the rule's facts and keys. Weight orders steps by how much they
// matter, 1 (ordinary) to 10. Notable steps are told also about what was only reached by following. Topic joins steps of
// several sources that tell the same thing. A level with Having, a KQL predicate over the facts and over _n, _first and
// _last (the step's rows and times), holds only for steps that fulfil it.
type Level struct {
	Having  string `yaml:"having"`
	Text    string `yaml:"text"`
	Tactic  string `yaml:"tactic"`
	Topic   string `yaml:"topic"`
	Weight  int    `yaml:"weight"`
	Notable bool   `yaml:"notable"`
}

// Follow says what a step leads to. Kind is an entity kind or the kind of a scope; Values gives it an identifier for each
// form. Only rows for which If holds lead on. Told of it is what happened from Before the step's first row until After
// its last, in full or, unless it is a scope, what is notable. Hops is what a step costs of the depth: 0 for what is part
// of the thing itself. From restricts it to steps that were found by these kinds.
type Follow struct {
	Kind   string   `yaml:"kind"`
	Values Exprs    `yaml:"values"`
	If     string   `yaml:"if"`
	Before Duration `yaml:"before"`
	After  Duration `yaml:"after"`
	Hops   int      `yaml:"hops"`
	From   []string `yaml:"from"`
	Level  string   `yaml:"level"` // notable: only from steps that are; else from any
}

// Rule makes steps of the rows of one table. A row belongs to the first rule of its table whose When holds; rows with
// equal By belong together until Gap passes without one. The embedded Level holds where none of Levels does.
type Rule struct {
	ID     string   `yaml:"id"`
	Table  string   `yaml:"table"`
	Tables []string `yaml:"tables"` // in the data only: the rule is repeated for each
	When   string   `yaml:"when"`
	By     Exprs    `yaml:"by"`
	Gap    Duration `yaml:"gap"`
	Facts  Exprs    `yaml:"facts"`
	Level  `yaml:",inline"`
	Levels []Level  `yaml:"levels"`
	Follow []Follow `yaml:"follow"`
}

// Scope is something narrower than an entity that rows can be about: a logon session, a process, a way between two
// machines. Where is a KQL predicate with {form} in place of the quoted values, {form|filter} for a changed spelling. Where
// Merge names a form, scopes that differ in it alone are told as one.
type Scope struct {
	Kind  string            `yaml:"kind"`
	Merge string            `yaml:"merge"`
	Bonus int               `yaml:"bonus"` // added to the weight of steps found so
	Label string            `yaml:"label"` // template over the values
	Where map[string]string `yaml:"where"` // by table
}

// Machine says where a table tells which names and addresses are one machine. Each is a KQL expression, of type string
// or a dynamic list. Costly ones are asked only about machines that the others do not know.
type Machine struct {
	Table     string `yaml:"table"`
	Name      string `yaml:"name"`
	Short     string `yaml:"short"`
	Addresses string `yaml:"addresses"`
	MACs      string `yaml:"macs"`
	Resource  string `yaml:"resource"`
	Device    string `yaml:"device"`
	Where     string `yaml:"where"`
	Costly    bool   `yaml:"costly"`
}

// Profile is what a table says about an entity itself, for the head of a story.
type Profile struct {
	Kind  string `yaml:"kind"`
	Table string `yaml:"table"`
	When  string `yaml:"when"`
	Facts Exprs  `yaml:"facts"`
	Text  string `yaml:"text"`
}

var narration = sync.OnceValue(func() *Narration {
	n, err := readNarration(narrationFiles)
	if err != nil {
		panic("tables: embedded narration: " + err.Error()) // a defect of the build; the package's test fails first
	}
	return n
})

// BuiltinNarration is the narration that the program carries. It is parsed on first use.
func BuiltinNarration() *Narration { return narration() }

// defaultGap is the silence after which a new step begins where a rule names none.
const defaultGap = Duration(30 * time.Minute)

// readNarration joins the files of a folder in the order of their names.
func readNarration(files fs.FS) (*Narration, error) {
	names, err := fs.Glob(files, "narration/*.yaml")
	if err != nil {
		return nil, err
	}
	all := &Narration{Words: map[string]map[string]string{}, Ignore: map[string][]string{}, Derived: map[string]string{}}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		var n Narration
		if err := yaml.UnmarshalWithOptions(b, &n, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		all.Rules = append(all.Rules, spread(n.Rules)...)
		all.Scopes = append(all.Scopes, n.Scopes...)
		all.Machines = append(all.Machines, n.Machines...)
		all.Accounts = append(all.Accounts, n.Accounts...)
		all.Profiles = append(all.Profiles, n.Profiles...)
		all.Loose = append(all.Loose, n.Loose...)
		all.Optional = append(all.Optional, n.Optional...)
		all.Known = append(all.Known, n.Known...)
		for k, v := range n.Words {
			all.Words[k] = v
		}
		for k, v := range n.Derived {
			all.Derived[k] = v
		}
		for k, v := range n.Ignore {
			all.Ignore[k] = append(all.Ignore[k], v...)
		}
	}
	return all, nil
}

// spread repeats rules of several tables and fills in defaults.
func spread(rules []Rule) []Rule {
	var out []Rule
	for _, r := range rules {
		if r.Gap == 0 {
			r.Gap = defaultGap
		}
		names := r.Tables
		if r.Table != "" {
			names = []string{r.Table}
		}
		r.Tables = nil
		for _, t := range names {
			r.Table = t
			out = append(out, r)
		}
	}
	return out
}
