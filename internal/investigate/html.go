package investigate

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"
)

//go:embed story.html
var storyHTML string

//go:embed story.css
var storyCSS string

// page is what the template sees. The page needs nothing from anywhere: its own policy forbids all but its style.
type page struct {
	*Story
	Style  template.CSS
	Policy string
	Draw   drawing
	Gone   []Silence // not collected
	Quiet  []Silence // collected, and saying nothing
}

// drawing is the timeline as lanes of marks, in the units of its view box.
type drawing struct {
	Width, Height int
	Lanes         []lane
	Ticks         []tick
	Bottom        int
}

type lane struct {
	Name  string
	Y     int
	Marks []mark
}

type mark struct {
	X, Y, W       int
	Class         string
	Number        int
	Title, Anchor string
}

type tick struct {
	X    int
	Text string
}

// Measures of the drawing.
const (
	drawWidth  = 1180
	laneHead   = 262 // room for the longest table name
	laneHeight = 24
	drawTop    = 26
	markWidth  = 7
)

// WriteHTML writes a story as one page without scripts and without requests.
func WriteHTML(w io.Writer, s *Story) error {
	t, err := template.New("story").Funcs(template.FuncMap{
		"at":    func(t time.Time) string { return t.Format("2006-01-02 15:04:05") },
		"span":  func(s *Step) string { return span(s.First, s.Last) },
		"rows":  func(n int64) string { return plural(float64(n), "row") },
		"total": func(s *Story) string { return plural(float64(countRows(s)), "row") },
		"step":  func(n int) *Step { return s.Steps[n-1] },
		"class": weightClass,
		"day": func(i int) string {
			d := s.Steps[i].First.Format(time.DateOnly)
			if i > 0 && s.Steps[i-1].First.Format(time.DateOnly) == d {
				return ""
			}
			return d
		},
	}).Parse(storyHTML)
	if err != nil {
		return fmt.Errorf("read the template of the page: %w", err)
	}
	sum := sha256.Sum256([]byte(storyCSS))
	p := page{
		Story: s, Style: template.CSS(storyCSS), Draw: draw(s),
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
	}
	for _, e := range s.Silent {
		if e.Why == NotCollected {
			p.Gone = append(p.Gone, e)
		} else {
			p.Quiet = append(p.Quiet, e)
		}
	}
	return t.Execute(w, p)
}

// weightClass is the style of a step by how much it matters.
func weightClass(weight int) string {
	switch {
	case weight >= 8:
		return "high"
	case weight >= 6:
		return "medium"
	case weight > ordinary:
		return "low"
	}
	return "plain"
}

// draw lays the timeline out: a lane for each source in the order of its first step, a mark for each step.
func draw(s *Story) drawing {
	d := drawing{Width: drawWidth}
	lanes := map[string]int{}
	span := max(s.Last.Sub(s.First), time.Minute)
	place := func(t time.Time) int {
		room := float64(drawWidth - laneHead - 24)
		return laneHead + int(room*float64(t.Sub(s.First))/float64(span))
	}
	for _, step := range s.Steps {
		i, ok := lanes[step.Source]
		if !ok {
			i = len(d.Lanes)
			lanes[step.Source] = i
			d.Lanes = append(d.Lanes, lane{Name: step.Source, Y: drawTop + i*laneHeight})
		}
		l := &d.Lanes[i]
		x := place(step.First)
		l.Marks = append(l.Marks, mark{
			X: x, Y: l.Y + 6, W: max(place(step.Last)-x, markWidth), Class: weightClass(step.Weight), Number: step.Number,
			Title:  fmt.Sprintf("[%d] %s  %s", step.Number, spanDate(step), step.Text),
			Anchor: fmt.Sprintf("#s%d", step.Number),
		})
	}
	for i := range d.Lanes {
		// Long and ordinary marks lie below short and weighty ones.
		slices.SortStableFunc(d.Lanes[i].Marks, func(a, b mark) int { return cmp.Compare(b.W, a.W) })
	}
	d.Bottom = drawTop + len(d.Lanes)*laneHeight
	d.Height = d.Bottom + 8
	every := tickEvery(span)
	for t := s.First.Truncate(every).Add(every); !t.After(s.Last); t = t.Add(every) {
		layout := "15:04"
		if every >= 24*time.Hour {
			layout = "01-02"
		}
		d.Ticks = append(d.Ticks, tick{place(t), t.Format(layout)})
	}
	return d
}

func spanDate(s *Step) string { return s.First.Format(time.DateOnly) + " " + span(s.First, s.Last) }

// tickEvery picks a round distance that gives at most a dozen ticks.
func tickEvery(span time.Duration) time.Duration {
	for _, d := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour} {
		if span/d <= 12 {
			return d
		}
	}
	return max(span/12, 24*time.Hour)
}
