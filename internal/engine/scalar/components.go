package scalar

import (
	"encoding/json"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
)

// graphFuncs are the functions over whole graphs.
func graphFuncs() []Func {
	return []Func{{Name: "go_components", Args: []catalog.Type{catalog.Long, catalog.Dynamic, catalog.Bool}, Result: catalog.Dynamic, Call: func(args []any) any {
		count, _ := args[0].(int64)
		text, _ := args[1].(string)
		strong, _ := args[2].(bool)
		var edges [][2]int
		if json.Unmarshal([]byte(text), &edges) != nil {
			return nil
		}
		return components(int(count), edges, strong)
	}}}
}

// components numbers the connected components of a graph of n nodes, in the order of their first nodes, and gives the
// number of each node as a JSON array. An edge to a node that does not exist is left out.
func components(n int, edges [][2]int, strong bool) string {
	next := make([][]int, n)
	for _, e := range edges {
		if e[0] < 0 || e[0] >= n || e[1] < 0 || e[1] >= n {
			continue
		}
		next[e[0]] = append(next[e[0]], e[1])
		if !strong {
			next[e[1]] = append(next[e[1]], e[0])
		}
	}
	// Tarjan's algorithm, with a stack of its own. Weak components are strong ones of edges in both directions.
	const none = -1
	index, low, of := make([]int, n), make([]int, n), make([]int, n)
	for i := range n {
		index[i], of[i] = none, none
	}
	type frame struct{ node, edge int }
	var stack []int
	var calls []frame
	count, clock := 0, 0
	for root := range n {
		if index[root] != none {
			continue
		}
		calls = append(calls[:0], frame{root, 0})
		for len(calls) > 0 {
			f := &calls[len(calls)-1]
			v := f.node
			if f.edge == 0 {
				index[v], low[v] = clock, clock
				clock++
				stack = append(stack, v)
			}
			if f.edge < len(next[v]) {
				w := next[v][f.edge]
				f.edge++
				if index[w] == none {
					calls = append(calls, frame{w, 0})
				} else if of[w] == none {
					low[v] = min(low[v], index[w])
				}
				continue
			}
			if f.edge == len(next[v]) && low[v] == index[v] {
				for {
					w := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					of[w] = count
					if w == v {
						break
					}
				}
				count++
			}
			calls = calls[:len(calls)-1]
			if len(calls) > 0 {
				parent := calls[len(calls)-1].node
				low[parent] = min(low[parent], low[v])
			}
		}
	}
	// Numbers in the order of the nodes.
	renamed := make(map[int]int, count)
	parts := make([]string, n)
	for i, c := range of {
		if _, ok := renamed[c]; !ok {
			renamed[c] = len(renamed)
		}
		parts[i] = strconv.Itoa(renamed[c])
	}
	return "[" + strings.Join(parts, ",") + "]"
}
