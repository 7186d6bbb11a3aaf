package windows

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"nordlys/internal/ingest/rows"
)

// maxEvent is the longest event that is taken from a document.
const maxEvent = 16 << 20

// XML is the rows.Decoder of events as XML: what wevtutil, the Event Viewer and PowerShell's ToXml write, be it one
// document or event after event.
type XML struct{ f *Family }

// XML reads events as XML into the rows that f makes.
func (f *Family) XML() *XML { return &XML{f} }

// Formats lists what the decoder reads.
func (d *XML) Formats() []rows.Format {
	return []rows.Format{{Name: "Windows events (XML)", Tables: eventTables(), Signs: "XML whose first element is Event or Events",
		Routes: "wevtutil, the Event Viewer's \"save as XML\", PowerShell's ToXml()"}}
}

// Detect goes by the first element.
func (d *XML) Detect(_ string, head []byte) rows.Confidence {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(head) == 0 || head[0] != '<' {
		return rows.No
	}
	for i := 0; i < len(head); i++ {
		if head[i] != '<' {
			continue
		}
		switch string(elementName(head[i+1:])) {
		case "Event":
			return rows.Surely
		case "Events": // the list, perhaps an empty one
			return rows.Probably
		case "": // a declaration or a comment
		default:
			return rows.No
		}
	}
	return rows.No
}

// elementName is the name that a start tag begins with, without its prefix, or nil.
func elementName(b []byte) []byte {
	n := 0
	for n < len(b) && nameByte(b[n]) {
		n++
	}
	if n == len(b) {
		return nil
	}
	name := b[:n]
	return name[bytes.LastIndexByte(name, ':')+1:]
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':' || c >= 0x80
}

// Decode reads all events.
func (d *XML) Decode(ctx context.Context, src io.Reader, w *rows.Writer) error {
	w.Format("Windows events (XML)")
	in := newSplitter(src)
	replaced := 0
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, offset, err := in.next()
		var bad badXML
		if err != nil && !errors.As(err, &bad) {
			if errors.Is(err, io.EOF) {
				break
			}
			return err
		}
		w.Next()
		if err == nil && !utf8.Valid(raw) {
			// Redirected by cmd.exe, wevtutil writes in a code page that nothing names.
			raw = bytes.ToValidUTF8(raw, []byte("\ufffd"))
			replaced++
		}
		if err == nil {
			d.f.ev.reset()
			d.f.doc.reset(&d.f.ev)
			err = readXML(raw, &d.f.doc)
		}
		if err != nil {
			if err := w.Refuse(ctx, offset, err.Error(), raw, int64(len(raw))); err != nil {
				return err
			}
			continue
		}
		if err := d.f.write(ctx, w, offset, raw, nil); err != nil {
			return err
		}
	}
	if in.events == 0 {
		w.Note("no events in it")
	}
	if replaced > 0 {
		w.Note("events with characters in an unknown code page, which became \ufffd: %d; save the log as EVTX or in UTF-8 to have them", replaced)
	}
	return nil
}

// badXML is what is wrong with a part of a document; what follows can be read.
type badXML string

func (b badXML) Error() string { return string(b) }

// errTail ends a document in text behind its last tag, or in a tag that does not end.
var errTail = errors.New("the document ends")

// splitter finds the events in a document, or in what is no document.
type splitter struct {
	r      *bufio.Reader
	offset int64
	raw    []byte
	ahead  []byte // a start tag that was met where an end was expected
	events int
}

func newSplitter(r io.Reader) *splitter { return &splitter{r: bufio.NewReaderSize(r, 64<<10)} }

// piece appends what comes up to and with the next '>' that ends a tag, comment or CDATA section: a text, if any, and a
// tag. It returns where the tag begins in raw, or the length of raw at the end.
func (s *splitter) piece() (int, error) {
	tag := -1
	for {
		part, err := s.r.ReadSlice('>')
		from := len(s.raw)
		s.raw = append(s.raw, part...)
		s.offset += int64(len(part))
		if len(s.raw) > maxEvent {
			return 0, badXML("an event longer than 16 MB")
		}
		if tag < 0 {
			if i := bytes.IndexByte(s.raw[from:], '<'); i >= 0 {
				tag = from + i
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && len(s.raw) > from && errors.Is(err, io.EOF):
			return len(s.raw), errTail
		case err != nil:
			return len(s.raw), err
		}
		if tag < 0 {
			continue
		}
		switch b := s.raw[tag:]; {
		case bytes.HasPrefix(b, []byte("<![CDATA[")):
			if bytes.HasSuffix(b, []byte("]]>")) && len(b) >= 12 {
				return tag, nil
			}
		case bytes.HasPrefix(b, []byte("<!--")):
			if bytes.HasSuffix(b, []byte("-->")) && len(b) >= 7 {
				return tag, nil
			}
		default:
			return tag, nil
		}
	}
}

// next returns the next event, valid until the following call. An error of type badXML says why what it returns is none.
func (s *splitter) next() ([]byte, int64, error) {
	s.raw = append(s.raw[:0], s.ahead...)
	start := s.offset - int64(len(s.ahead))
	depth, stray := 0, false
	if len(s.ahead) > 0 {
		depth = 1
		s.ahead = s.ahead[:0]
	}
	for {
		before := len(s.raw)
		tag, err := s.piece()
		switch {
		case errors.As(err, new(badXML)):
			return s.raw[:64<<10], start, err
		case err != nil && (len(bytes.TrimSpace(s.raw)) == 0 || !errors.Is(err, io.EOF) && !errors.Is(err, errTail)):
			if errors.Is(err, errTail) {
				err = io.EOF
			}
			return nil, 0, err
		case err != nil && depth > 0:
			return s.raw, start, badXML("an event that is not closed: the file was cut off")
		case err != nil:
			return s.raw, start, badXML("text that belongs to no event")
		}
		b := s.raw[tag:]
		if depth == 0 {
			stray = stray || len(bytes.TrimSpace(bytes.TrimPrefix(s.raw[before:tag], []byte("\xef\xbb\xbf")))) > 0
			switch {
			case string(elementName(b[1:])) != "Event":
				if !stray {
					s.raw, start = s.raw[:0], s.offset // the declaration, the list around the events, a comment
				}
				continue
			case stray:
				s.ahead = append(s.ahead, b...)
				return s.raw[:tag], start, badXML("text that belongs to no event")
			}
			start = s.offset - int64(len(b))
			s.raw = append(s.raw[:0], b...)
			if b = s.raw; b[len(b)-2] == '/' {
				s.events++
				return b, start, nil
			}
			depth = 1
			continue
		}
		switch {
		case b[1] == '/' && string(elementName(b[2:])) == "Event":
			if depth--; depth == 0 {
				s.events++
				return s.raw, start, nil
			}
		case b[1] != '/' && string(elementName(b[1:])) == "Event" && b[len(b)-2] != '/':
			depth++
		case depth == 2 && string(elementName(b[1:])) == "System" && b[1] != '/':
			// The event within an event is one of its own: the first was never closed.
			i := bytes.LastIndex(s.raw[:tag], []byte("<Event"))
			if i <= 0 {
				break
			}
			s.ahead = append(s.ahead[:0], s.raw[i:]...)
			return s.raw[:i], start, badXML("an event that is not closed")
		}
	}
}

// readXML tells a Handler what an event's XML says. Newlines are left as they are: Windows writes them as they were in
// the event. Damaged XML is an error, after what comes before the damage.
func readXML(b []byte, h *document) error {
	depth := 0
	for len(b) > 0 {
		i := bytes.IndexByte(b, '<')
		if i != 0 {
			text := b
			if i > 0 {
				text, b = b[:i], b[i:]
			} else {
				b = nil
			}
			if depth > 0 {
				h.Text(unescape(text))
			}
			continue
		}
		switch {
		case bytes.HasPrefix(b, []byte("<![CDATA[")):
			end := bytes.Index(b, []byte("]]>"))
			if end < 0 {
				return badXML("not valid XML: a CDATA section that never ends")
			}
			if depth > 0 {
				h.Text(b[9:end])
			}
			b = b[end+3:]
			continue
		case bytes.HasPrefix(b, []byte("<!--")):
			end := bytes.Index(b, []byte("-->"))
			if end < 0 {
				return badXML("not valid XML: a comment that never ends")
			}
			b = b[end+3:]
			continue
		case len(b) > 1 && (b[1] == '?' || b[1] == '!'):
			end := bytes.IndexByte(b, '>')
			if end < 0 {
				return badXML("not valid XML: a declaration that never ends")
			}
			b = b[end+1:]
			continue
		case len(b) > 1 && b[1] == '/':
			end := bytes.IndexByte(b, '>')
			if end < 0 || depth == 0 {
				return badXML("not valid XML: an end tag without a start")
			}
			h.End()
			depth--
			b = b[end+1:]
			continue
		}
		n := 1
		for n < len(b) && nameByte(b[n]) {
			n++
		}
		if n == 1 || n == len(b) {
			return badXML("not valid XML: '<' that begins no tag")
		}
		if depth++; depth > 100 {
			return badXML("not valid XML: elements nested more than 100 deep")
		}
		h.Start(b[1+bytes.LastIndexByte(b[1:n], ':')+1 : n])
		var empty bool
		var err error
		if b, empty, err = attributes(b[n:], h); err != nil {
			return err
		}
		if empty {
			h.End()
			depth--
		}
	}
	if depth > 0 {
		return badXML("not valid XML: an element that is not closed")
	}
	return nil
}

// attributes reads the rest of a start tag.
func attributes(b []byte, h *document) (rest []byte, empty bool, err error) {
	for {
		b = bytes.TrimLeft(b, " \t\r\n")
		switch {
		case len(b) == 0:
			return nil, false, badXML("not valid XML: a tag that never ends")
		case b[0] == '>':
			return b[1:], false, nil
		case bytes.HasPrefix(b, []byte("/>")):
			return b[2:], true, nil
		}
		n := 0
		for n < len(b) && nameByte(b[n]) {
			n++
		}
		name := b[:n]
		b = bytes.TrimLeft(b[n:], " \t\r\n")
		if n == 0 || len(b) == 0 || b[0] != '=' {
			return nil, false, badXML("not valid XML: an attribute without a value")
		}
		b = bytes.TrimLeft(b[1:], " \t\r\n")
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return nil, false, badXML("not valid XML: an attribute's value without quotes")
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			return nil, false, badXML("not valid XML: an attribute's value that never ends")
		}
		h.Attr(name, unescape(b[1:1+end]))
		b = b[2+end:]
	}
}

// unescape resolves references. What is none stays as it is: Windows writes control characters of an event as they are.
func unescape(b []byte) []byte {
	i := bytes.IndexByte(b, '&')
	if i < 0 {
		return b
	}
	out := append(make([]byte, 0, len(b)), b[:i]...)
	for b = b[i:]; len(b) > 0; {
		if b[0] == '&' {
			if end := bytes.IndexByte(b[:min(len(b), 12)], ';'); end > 0 {
				if text, ok := reference(string(b[1:end])); ok {
					out = append(out, text...)
					b = b[end+1:]
					continue
				}
			}
		}
		n := bytes.IndexByte(b[1:], '&') + 1
		if n == 0 {
			n = len(b)
		}
		out = append(out, b[:n]...)
		b = b[n:]
	}
	return out
}

func reference(name string) (string, bool) {
	switch name {
	case "lt":
		return "<", true
	case "gt":
		return ">", true
	case "amp":
		return "&", true
	case "quot":
		return `"`, true
	case "apos":
		return "'", true
	}
	if len(name) < 2 || name[0] != '#' {
		return "", false
	}
	number, base := name[1:], 10
	if number[0] == 'x' || number[0] == 'X' {
		number, base = number[1:], 16
	}
	n, err := strconv.ParseUint(number, base, 32)
	if err != nil || n > utf8.MaxRune {
		return "", false
	}
	return string(rune(n)), true
}
