package rows

import (
	"bufio"
	"bytes"
	"errors"
	"io"
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
