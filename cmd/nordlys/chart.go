package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/guptarohit/asciigraph"

	"nordlys/internal/engine"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// chart is what render asked for, as far as text can show it: the first column that can be an axis, numbers as lines or
// bars. https://learn.microsoft.com/kusto/query/render-operator
type chart struct {
	render *plan.Render
	cols   []plan.Column
	x      int   // axis, -1 if none
	split  int   // column whose values name the lines, -1 if none
	y      []int // values
}

// newChart gives nil where the result is no chart.
func newChart(p *plan.Query, cols []plan.Column) *chart {
	if p.Render == nil || slices.Contains([]string{"table", "card", "plotly", "graph"}, p.Render.Kind) {
		return nil
	}
	c := &chart{render: p.Render, cols: cols, x: -1, split: -1}
	for i, col := range cols {
		number := col.Type.IsNumber()
		switch {
		case col.Name == p.Render.Properties["xcolumn"]:
			c.x = i
		case c.x < 0 && p.Render.Properties["xcolumn"] == "" && (!number || i == 0 && len(cols) > 1):
			c.x = i
		case number:
			c.y = append(c.y, i)
		case c.split < 0 && col.Type == catalog.String:
			c.split = i
		}
	}
	if len(c.y) == 0 {
		return nil
	}
	return c
}

// chartRows is how many rows a chart takes in: more than any terminal can show.
const chartRows = 100_000

// draw reads the rows and draws them.
func (c *chart) draw(w io.Writer, rows engine.Rows, width int) error {
	if width == 0 {
		width = 80
	}
	var labels []string // points of the axis in the order they come
	at := map[string]int{}
	series := map[string]map[int]float64{}
	var names []string
	n := 0
	err := each(rows, func(row []any) error {
		if n++; n > chartRows {
			return nil
		}
		label := ""
		if c.x >= 0 {
			label = engine.Text(row[c.x], c.cols[c.x].Type)
		}
		i, ok := at[label]
		if !ok {
			i = len(labels)
			at[label] = i
			labels = append(labels, label)
		}
		for _, y := range c.y {
			name := c.cols[y].Name
			if c.split >= 0 {
				name = engine.Text(row[c.split], c.cols[c.split].Type)
				if len(c.y) > 1 {
					name += ":" + c.cols[y].Name
				}
			}
			if series[name] == nil {
				series[name] = map[int]float64{}
				names = append(names, name)
			}
			if v, ok := number(row[y]); ok {
				series[name][i] = v
			}
		}
		return nil
	})
	if err != nil || n == 0 {
		return err
	}
	if title := c.render.Properties["title"]; title != "" {
		fmt.Fprintln(w, printable(title))
	}
	switch c.render.Kind {
	case "timechart", "linechart", "areachart", "stackedareachart", "anomalychart", "timepivot", "ladderchart", "scatterchart":
		c.lines(w, labels, names, series, width)
	default:
		c.bars(w, labels, names, series, width)
	}
	if n > chartRows {
		fmt.Fprintf(w, "(the first %d of %d rows)\n", chartRows, n)
	}
	return nil
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return 0, false
}

// maxLines is how many lines one chart tells apart.
const maxLines = 6

// lines draws line charts with the axis from left to right.
func (c *chart) lines(w io.Writer, labels, names []string, series map[string]map[int]float64, width int) {
	order := make([]int, len(labels))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(labels[a], labels[b]) })
	data := make([][]float64, 0, maxLines)
	names = slices.DeleteFunc(names, func(n string) bool { return len(series[n]) == 0 })
	if len(names) == 0 {
		fmt.Fprintln(w, "(no values to draw)")
		return
	}
	positive := true
	for _, name := range names[:min(len(names), maxLines)] {
		line := make([]float64, len(order))
		for i, at := range order {
			v, ok := series[name][at]
			if !ok {
				v = math.NaN()
			}
			line[i] = v
			positive = positive && !(v < 0)
		}
		data = append(data, line)
	}
	marks := []asciigraph.AnsiColor{asciigraph.Default, asciigraph.Red, asciigraph.Green, asciigraph.Yellow, asciigraph.Blue, asciigraph.Magenta}[:len(data)]
	o := []asciigraph.Option{asciigraph.Height(12), asciigraph.Width(max(20, width-14))}
	if positive {
		o = append(o, asciigraph.LowerBound(0))
	}
	if len(data) > 1 {
		legends := make([]string, len(data))
		for i, name := range names[:len(data)] {
			legends[i] = printable(name)
		}
		o = append(o, asciigraph.SeriesColors(marks...), asciigraph.SeriesLegends(legends...))
	}
	fmt.Fprintln(w, asciigraph.PlotMany(data, o...))
	fmt.Fprintf(w, "%s … %s\n", printable(labels[order[0]]), printable(labels[order[len(order)-1]]))
	if len(names) > maxLines {
		fmt.Fprintf(w, "(%d of %d lines)\n", maxLines, len(names))
	}
}

// maxBars is how many bars one chart shows.
const maxBars = 50

// bars draws a bar for each point and value.
func (c *chart) bars(w io.Writer, labels, names []string, series map[string]map[int]float64, width int) {
	most, label := 0.0, 0
	for _, name := range names {
		for _, v := range series[name] {
			most = max(most, math.Abs(v))
		}
	}
	text := func(i int, name string) string {
		if len(names) > 1 {
			return printable(labels[i] + " " + name)
		}
		return printable(labels[i])
	}
	for i := range labels[:min(len(labels), maxBars)] {
		for _, name := range names {
			label = max(label, min(len([]rune(text(i, name))), 40))
		}
	}
	room := max(10, width-label-18)
	shown := 0
	for i := range labels {
		for _, name := range names {
			v, ok := series[name][i]
			if !ok {
				continue
			}
			if shown++; shown > maxBars {
				fmt.Fprintf(w, "(%d of %d bars)\n", maxBars, len(labels)*len(names))
				return
			}
			l := []rune(text(i, name))
			if len(l) > 40 {
				l = append(l[:39], '…')
			}
			length := 0
			if most > 0 {
				length = int(math.Round(math.Abs(v) / most * float64(room)))
			}
			fmt.Fprintf(w, "%s%s │%s %s\n", string(l), strings.Repeat(" ", label-len(l)), strings.Repeat("█", length), strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
}
