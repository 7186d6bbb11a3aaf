package export

import (
	"bufio"
	"bytes"
	"io"
)

// maxRow is the longest row that is taken.
const maxRow = 16 << 20

// csvError is what is wrong with one row; the next one can be read.
type csvError struct{ reason string }

func (e *csvError) Error() string { return e.reason }

// csvReader reads CSV as RFC 4180 has it, with any delimiter and a bounded row. encoding/csv would hold a row of any
// length in memory.
type csvReader struct {
	r     *bufio.Reader
	delim byte
	raw   []byte // the row as it is in the file, without its newline
	start int64  // its offset
	pos   int64
	cells [][]byte
	text  []byte
}

func newCSVReader(r io.Reader, delim byte) *csvReader {
	br, ok := r.(*bufio.Reader)
	if !ok {
		br = bufio.NewReader(r)
	}
	return &csvReader{r: br, delim: delim}
}

// next returns the cells of the next row, valid until the following call. io.EOF ends the file.
func (c *csvReader) next() ([][]byte, error) {
	c.raw, c.start = c.raw[:0], c.pos
	quotes := 0
	tooLong := false
	for {
		part, err := c.r.ReadSlice('\n')
		c.pos += int64(len(part))
		if len(c.raw)+len(part) > maxRow {
			tooLong = true
		} else {
			c.raw = append(c.raw, part...)
		}
		quotes += bytes.Count(part, []byte{'"'})
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF {
			if len(c.raw) == 0 && !tooLong {
				return nil, io.EOF
			}
			if quotes%2 == 1 && !tooLong {
				return nil, &csvError{"a quoted cell that never ends: the file was cut off, or a quote is missing"}
			}
			break
		}
		if err != nil {
			return nil, err
		}
		// A newline inside quotes belongs to the cell.
		if quotes%2 == 0 || tooLong {
			break
		}
	}
	if tooLong {
		c.raw = c.raw[:min(len(c.raw), 64<<10)]
		return nil, &csvError{"a row longer than 16 MB (a quote is missing?)"}
	}
	c.raw = bytes.TrimRight(c.raw, "\r\n")
	return c.split()
}

func (c *csvReader) split() ([][]byte, error) {
	c.cells, c.text = c.cells[:0], c.text[:0]
	b := c.raw
	for {
		if len(b) > 0 && b[0] == '"' {
			from := len(c.text)
			b = b[1:]
			for {
				i := bytes.IndexByte(b, '"')
				if i < 0 {
					return nil, &csvError{"a quoted cell that never ends"}
				}
				c.text = append(c.text, b[:i]...)
				b = b[i+1:]
				if len(b) == 0 || b[0] != '"' {
					break
				}
				c.text = append(c.text, '"')
				b = b[1:]
			}
			c.cells = append(c.cells, c.text[from:len(c.text):len(c.text)])
			if len(b) > 0 && b[0] != c.delim {
				return nil, &csvError{"text after the closing quote of a cell"}
			}
		} else {
			i := bytes.IndexByte(b, c.delim)
			if i < 0 {
				i = len(b)
			}
			c.cells = append(c.cells, b[:i:i])
			b = b[i:]
		}
		if len(b) == 0 {
			return c.cells, nil
		}
		b = b[1:]
	}
}
