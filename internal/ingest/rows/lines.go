package rows

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/zeebo/xxh3"
)

// MaxLine is the longest line of text that is taken whole.
const MaxLine = 1 << 20

// Lines reads text line by line, in bounded memory, without the mark of UTF-8 at its beginning.
type Lines struct {
	r    *bufio.Reader
	next int64
	line []byte

	Offset int64 // of the line
	Length int64 // of the line in the file, with its end: more than MaxLine if it was cut
}

// NewLines reads the lines of a stream.
func NewLines(src io.Reader) *Lines { return &Lines{r: bufio.NewReaderSize(src, 256<<10)} }

// Next returns the next line without its end, or its first MaxLine bytes. It is valid until the following call; io.EOF
// ends the text.
func (l *Lines) Next() ([]byte, error) {
	l.line, l.Offset, l.Length = l.line[:0], l.next, 0
	for {
		part, err := l.r.ReadSlice('\n')
		l.Length += int64(len(part))
		whole := err == nil && len(l.line) == 0
		if whole && len(part) <= MaxLine {
			return l.end(part), nil
		}
		l.line = append(l.line, part[:min(len(part), MaxLine-len(l.line))]...)
		switch {
		case err == nil, errors.Is(err, io.EOF) && l.Length > 0:
			return l.end(l.line), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

func (l *Lines) end(line []byte) []byte {
	l.next += l.Length
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	if l.Offset == 0 {
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	return line
}

// Repeats makes identities for the messages of a text in which equal messages are not one: what a message says, and the
// how manieth of these it is in its second. The same text again has the same identities.
type Repeats struct {
	seen   map[uint64]uint64
	second int64
}

// maxRepeats bounds how many different messages of a second are counted.
const maxRepeats = 1 << 16

// Of is the identity of a message of a table at a time in ticks, for Table.CommitAs.
func (r *Repeats) Of(table string, ticks int64, message []byte) uint64 {
	if second := ticks / Second; r.seen == nil || second != r.second {
		r.second = second
		if r.seen == nil {
			r.seen = map[uint64]uint64{}
		}
		clear(r.seen)
	}
	h := xxh3.HashSeed(message, xxh3.HashString(table))
	n := r.seen[h]
	if len(r.seen) < maxRepeats {
		r.seen[h] = n + 1
	}
	return h + n*0x9e3779b97f4a7c15
}
