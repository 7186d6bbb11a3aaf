package scenario

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// blobs writes one source's files below the case folder, one open file at a time, and counts what it writes.
type blobs struct {
	root   string
	counts SourceSummary
	open   string // path of the open blob, relative
	file   *os.File
	buf    *bufio.Writer
	lines  int
	part   int
}

// appendsPerBlob is where data export starts a second blob for the same five minutes
// (https://learn.microsoft.com/azure/azure-monitor/logs/logs-data-export).
const appendsPerBlob = 50_000

// line appends one record, with its newline, to the blob at path.
func (w *blobs) line(path string, record []byte) error {
	full := w.open == path && w.lines >= appendsPerBlob && strings.HasSuffix(path, "PT05M.json")
	if w.open != path || full {
		if err := w.close(); err != nil {
			return err
		}
		name := path
		if full {
			w.part++
			name = strings.TrimSuffix(path, ".json") + fmt.Sprintf("_%d.json", w.part)
		} else {
			w.part = 0
		}
		if err := w.create(name); err != nil {
			return err
		}
		w.open = path
	}
	w.lines++
	w.counts.Records++
	w.counts.Bytes += int64(len(record))
	_, err := w.buf.Write(record)
	return err
}

// create starts a new file.
func (w *blobs) create(path string) error {
	f, err := createBlob(w.root, path)
	if err != nil {
		return err
	}
	w.file, w.lines = f, 0
	if w.buf == nil {
		w.buf = bufio.NewWriterSize(f, 128<<10)
	} else {
		w.buf.Reset(f)
	}
	w.counts.Files++
	return nil
}

// close flushes the open blob, if there is one.
func (w *blobs) close() error {
	if w.file == nil {
		return nil
	}
	err := w.buf.Flush()
	if e := w.file.Close(); err == nil {
		err = e
	}
	w.file, w.open = nil, ""
	if err != nil {
		return fmt.Errorf("write the %s evidence: %w", w.counts.Name, err)
	}
	return nil
}

// createBlob makes the folders of a blob path and the file itself.
func createBlob(root, path string) (*os.File, error) {
	full := filepath.Join(root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of %s: %w", path, err)
	}
	f, err := os.Create(full)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	return f, nil
}

// repeatPermille is how many of 1000 ordinary records arrive twice, as at-least-once delivery has it.
const repeatPermille = 7

// lineWriter writes the records of one line-oriented source: ordinary ones as they come, the attack's where their time
// comes, and a few of the ordinary ones again a little later. After the first error it does nothing.
type lineWriter struct {
	blobs
	l           line
	first, step ticks
	path        func(ticks) string
	todo        []moment // what is left of the attack, in order
	attackRNG   *rng
	window      ticks // start of the window that blob is the path of
	blob        string
	repeat      []byte // a record that will come again after wait more
	wait        int
	err         error
}

// write appends the record in l to the blob that receives at time t.
func (w *lineWriter) write(t ticks) {
	if w.err != nil {
		return
	}
	if at := floor(t, w.step); w.blob == "" || at != w.window {
		w.window, w.blob = at, w.path(t)
	}
	if w.err = w.line(w.blob, w.l.b); w.err != nil || w.wait == 0 {
		return
	}
	if w.wait--; w.wait == 0 {
		w.counts.Duplicates++
		w.err = w.line(w.blob, w.repeat)
	}
}

// maybeRepeat decides whether the record just written is delivered again.
func (w *lineWriter) maybeRepeat(r *rng) {
	if w.wait == 0 && r.permille(repeatPermille) {
		w.repeat, w.wait = append(w.repeat[:0], w.l.b...), 1+r.n(12)
	}
}

// attackUntil writes the attack's records from before t.
func (w *lineWriter) attackUntil(t ticks) {
	for len(w.todo) > 0 && w.todo[0].at < t && w.err == nil {
		m := w.todo[0]
		w.todo = w.todo[1:]
		w.l.reset()
		m.render(&w.l, w.attackRNG)
		w.write(m.at)
	}
}

// finish writes a repetition still owed and closes the last blob.
func (w *lineWriter) finish() error {
	if w.err == nil && w.wait > 0 {
		w.counts.Duplicates++
		w.err = w.line(w.blob, w.repeat)
	}
	if err := w.close(); w.err == nil {
		w.err = err
	}
	return w.err
}

// dealer deals a day's records out to windows by a rhythm, exactly: the windows add up to the total.
type dealer struct {
	total int64
	upTo  []float64 // share of the day before each window
}

// newDealer prepares the shares of the day's windows of length step.
func newDealer(total int64, step ticks, beat rhythm) *dealer {
	d := &dealer{total: total, upTo: []float64{0}}
	sum := 0.0
	for t := ticks(0); t < day; t += step {
		sum += beat(t)
		d.upTo = append(d.upTo, sum)
	}
	for i := range d.upTo {
		d.upTo[i] /= sum
	}
	return d
}

// window is how many records fall into window i.
func (d *dealer) window(i int) int64 {
	return int64(float64(d.total)*d.upTo[i+1]) - int64(float64(d.total)*d.upTo[i])
}

// hourPath appends the folders and the name that diagnostic settings give the blob of the hour of t.
func hourPath(container, folder string, t ticks) string {
	y, m, d, h, _, _ := civil(t)
	return fmt.Sprintf("%s/%s/y=%04d/m=%02d/d=%02d/h=%02d/m=00/PT1H.json", container, folder, y, m, d, h)
}

// entraPath is the blob of a log of the tenant.
func entraPath(container string) func(*company, ticks) string {
	return func(c *company, t ticks) string { return hourPath(container, "tenantId="+c.tenant, t) }
}

// exportPath is the blob of a table in a workspace's data export: five minutes each.
func exportPath(table string) func(*company, ticks) string {
	return func(c *company, t ticks) string {
		y, m, d, h, mi, _ := civil(t)
		return fmt.Sprintf("am-%s/WorkspaceResourceId=%s/y=%04d/m=%02d/d=%02d/h=%02d/m=%02d/PT05M.json",
			table, c.workspaceRes, y, m, d, h, mi/5*5)
	}
}
