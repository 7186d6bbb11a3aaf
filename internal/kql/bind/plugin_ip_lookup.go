package bind

import (
	"fmt"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// ipLookup binds ipv4_lookup and ipv6_lookup: a join of addresses with the networks that contain them, all of them where
// there are several. Each distinct address is cut to each prefix length that the lookup table has, and joined by
// equality; the rows are then joined with what was found for their address.
// https://learn.microsoft.com/kusto/query/ipv4-lookup-plugin
func (b *binder) ipLookup(c *pluginCall) *relation {
	var plain []syntax.Expression
	all := false
	for i, e := range c.call.Arguments {
		value := e
		if n, named := e.(*syntax.NamedExpression); named {
			switch n.Names[0].Text {
			case "return_unmatched":
			case "LookupTable", "SourceIPv4Key", "IPv4LookupKey", "SourceIPv6Key", "IPv6LookupKey":
				plain = append(plain, n.Expression)
				continue
			default:
				b.report(diag.UnknownParameter(n.Names[0].Pos(), c.name, n.Names[0].Text))
				return b.broken()
			}
			value = n.Expression
		} else if _, isName := e.(*syntax.NameReference); isName || i < 3 {
			plain = append(plain, e)
			continue
		}
		k, ok := c.constant(value, "return_unmatched", catalog.Bool)
		if !ok {
			return b.broken()
		}
		all = k.Value == true
	}
	if len(plain) < 3 {
		b.report(diag.WrongArgumentCount(c.call.Name.Pos(), c.name, "the lookup table, the column of the rows and the column of the lookup table"))
		return b.broken()
	}
	right := b.tabular(plain[0], c.scope)
	if right.open || c.in.open {
		return b.broken()
	}
	// The address and the extra keys, on both sides.
	var leftKeys, rightKeys []int
	l, ok1 := c.column(c.in, plain[1])
	r, ok2 := c.column(right, plain[2])
	if !ok1 || !ok2 {
		return b.broken()
	}
	leftKeys, rightKeys = append(leftKeys, l), append(rightKeys, r)
	for _, e := range plain[3:] {
		l, ok1 := c.column(c.in, e)
		r, ok2 := c.column(right, e)
		if !ok1 || !ok2 {
			return b.broken()
		}
		if _, ok := b.joinKey(c.in.ref(l), right.ref(r), e); !ok {
			return b.broken()
		}
		leftKeys, rightKeys = append(leftKeys, l), append(rightKeys, r)
	}
	for i, k := range []struct {
		in *relation
		i  int
	}{{c.in, l}, {right, r}} {
		if t := k.in.cols[k.i].Type; t != catalog.String {
			b.report(diag.WrongType(plain[i+1].Pos(), "the address", "string", t.String()))
			return b.broken()
		}
	}
	left := b.share(c.in, "", c.op)
	matched := b.ipMatches(c, left, right, leftKeys, rightKeys)
	if matched.open {
		return b.broken()
	}
	return b.ipJoined(c, left, matched, leftKeys, rightKeys, all)
}

// ipMatches is a row for each address of the left side and each row of the right side that contains it: the left keys as
// $0, $1…, then the columns of the right side as they are.
func (b *binder) ipMatches(c *pluginCall, left, right *relation, leftKeys, rightKeys []int) *relation {
	key := "R" + strconv.Itoa(rightKeys[0])
	var rightNames, keys []string
	all := make([]int, len(right.cols))
	for i := range right.cols {
		all[i] = i
		rightNames = append(rightNames, "R"+strconv.Itoa(i))
	}
	on := ""
	for i := range leftKeys {
		keys = append(keys, "K"+strconv.Itoa(i))
		if i > 0 {
			on += fmt.Sprintf(", $left.K%d == $right.R%d", i, rightKeys[i])
		}
	}
	r := b.renamed(right, all, rightNames, c.op)
	l := b.renamed(left, leftKeys, keys, c.op)
	l = b.compose("L | distinct "+strings.Join(keys, ", "), map[string]*relation{"L": l}, nil, c.op)
	var m *relation
	if c.name == "ipv4_lookup" {
		// Addresses are numbers, cut by arithmetic.
		r = b.compose(fmt.Sprintf("R | extend Network = parse_ipv4(%s), Bits = ipv4_netmask_suffix(%s) | where isnotnull(Network) and isnotnull(Bits)", key, key), map[string]*relation{"R": r}, nil, c.op)
		r = b.share(r, "", c.op)
		m = b.compose(`L | extend Number = parse_ipv4(K0), Own = iff(K0 contains '/', ipv4_netmask_suffix(K0), 32), One = 1 | where isnotnull(Number)
			| join kind=inner (R | distinct Bits | extend One = 1, Size = tolong(exp2(32 - Bits))) on One | where Bits <= Own
			| extend Network = Number - Number % Size | join kind=inner R on Network, Bits`+on, map[string]*relation{"L": l, "R": r}, nil, c.op)
	} else {
		// Too long for numbers: texts, which a function cuts to all lengths at once.
		f, _ := b.catalog.Plugin(c.name)
		network, networks := f.Overloads[0], f.Overloads[1]
		items := append(passing(r, 1), plan.Named{Name: "Network", Expr: &plan.Call{Overload: network, Args: []plan.Expr{r.ref(rightKeys[0])}, Typ: catalog.String}})
		r = b.compose("R | where isnotempty(Network)", map[string]*relation{"R": b.project(r, items, c.op)}, nil, c.op)
		r = b.share(r, "", c.op)
		lengths := b.compose("R | summarize make_set(tolong(split(Network, '/')[1]))", map[string]*relation{"R": r}, nil, c.op)
		cut := &plan.Call{Overload: networks, Args: []plan.Expr{l.ref(0), &plan.Scalar{Input: lengths.node, Typ: catalog.Dynamic}}, Typ: catalog.Dynamic}
		l = b.project(l, append(passing(l, 1), plan.Named{Name: "Network", Expr: cut}), c.op)
		m = b.compose("L | mv-expand Network to typeof(string) | join kind=inner R on Network"+on, map[string]*relation{"L": l, "R": r}, nil, c.op)
	}
	if m.open {
		return m
	}
	var out []plan.Named
	for i, k := range keys {
		out = append(out, plan.Named{Name: "$" + strconv.Itoa(i), Expr: m.ref(m.find(k))})
	}
	for i, col := range right.cols {
		out = append(out, plan.Named{Name: col.Name, Expr: m.ref(m.find("R" + strconv.Itoa(i)))})
	}
	return b.project(m, out, c.op)
}

// ipJoined joins the rows with what was found for their keys; extra keys appear once.
func (b *binder) ipJoined(c *pluginCall, left, matched *relation, leftKeys, rightKeys []int, all bool) *relation {
	without := map[string]bool{}
	var on []plan.JoinKey
	for i, k := range leftKeys {
		on = append(on, plan.JoinKey{Left: left.ref(k), Right: matched.ref(i)})
		without[matched.cols[i].Name] = true
		if i > 0 {
			without[matched.cols[len(leftKeys)+rightKeys[i]].Name] = true
		}
	}
	kind := plan.Inner
	if all {
		kind = plan.LeftOuter
	}
	return b.join(kind, left, matched, on, without, c.op)
}
