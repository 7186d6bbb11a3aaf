package scalar

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
)

func xmlFuncs() []Func {
	return []Func{unary("go_parse_xml", catalog.String, catalog.Dynamic, parseXML)}
}

// maxXML is the longest text that parse_xml reads, as in Kusto.
const maxXML = 1 << 20

// parseXML turns an XML text into a bag by the table of https://learn.microsoft.com/kusto/query/parse-xml-function;
// null if it is not well-formed. Namespaces are not resolved: names keep their prefixes and declarations are
// attributes. Text that is a number as JSON would write it becomes one.
func parseXML(s string) any {
	if len(s) > maxXML {
		return nil
	}
	p := xmlParser{s: strings.TrimPrefix(s, "\uFEFF")}
	if !p.skipMisc() || p.i >= len(p.s) || p.s[p.i] != '<' {
		return nil
	}
	name, node, ok := p.element(0)
	if !ok || !p.skipMisc() || p.i != len(p.s) {
		return nil
	}
	b := append(appendQuoted(append(make([]byte, 0, 2*len(s)), '{'), name), ':')
	if b = node.append(b); len(b) > maxOutput {
		return nil
	}
	return string(append(b, '}'))
}

// xmlNode is an element: its attributes, text and children in the order of the text. A child that comes again joins
// the ones of its name, which makes an array of them.
type xmlNode struct {
	fields []xmlField
	index  map[string]int // of fields, once there are many
}

type xmlField struct {
	name   string
	text   string // of an attribute or of text
	nodes  []*xmlNode
	texts  []string // further pieces of text
	isText bool
}

func (n *xmlNode) field(name string) *xmlField {
	if n.index == nil {
		for i := range n.fields {
			if n.fields[i].name == name {
				return &n.fields[i]
			}
		}
		if len(n.fields) >= 16 {
			n.index = make(map[string]int, 32)
			for i := range n.fields {
				n.index[n.fields[i].name] = i
			}
		}
	} else if i, ok := n.index[name]; ok {
		return &n.fields[i]
	}
	if n.index != nil {
		n.index[name] = len(n.fields)
	}
	n.fields = append(n.fields, xmlField{name: name})
	return &n.fields[len(n.fields)-1]
}

func (n *xmlNode) addText(text string) {
	f := n.field("#text")
	if f.isText {
		f.texts = append(f.texts, text)
		return
	}
	f.isText, f.text = true, text
}

func (n *xmlNode) append(b []byte) []byte {
	if len(n.fields) == 0 {
		return append(b, "null"...)
	}
	if f := &n.fields[0]; len(n.fields) == 1 && f.name == "#text" {
		return f.appendTexts(b)
	}
	b = append(b, '{')
	for i := range n.fields {
		f := &n.fields[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, f.name), ':')
		switch {
		case f.isText && f.name == "#text":
			b = f.appendTexts(b)
		case f.isText:
			b = appendQuoted(b, f.text)
		case len(f.nodes) == 1:
			b = f.nodes[0].append(b)
		default:
			for j, c := range f.nodes {
				b = c.append(append(b, "[,"[min(j, 1)]))
			}
			b = append(b, ']')
		}
	}
	return append(b, '}')
}

func (f *xmlField) appendTexts(b []byte) []byte {
	if len(f.texts) == 0 {
		return appendXMLText(b, f.text)
	}
	b = appendXMLText(append(b, '['), f.text)
	for _, t := range f.texts {
		b = appendXMLText(append(b, ','), t)
	}
	return append(b, ']')
}

// appendXMLText writes a text as a number if nothing is lost by that: 1.10 and 007 stay texts.
func appendXMLText(b []byte, s string) []byte {
	if len(s) < 20 && kindOf(s) == '0' {
		if end, ok := scanNumber(s, 0); ok && end == len(s) {
			if isInteger(s) {
				if _, err := strconv.ParseInt(s, 10, 64); err == nil && s != "-0" {
					return append(b, s...)
				}
			} else if x, err := strconv.ParseFloat(s, 64); err == nil && string(appendReal(nil, x)) == s {
				return append(b, s...)
			}
		}
	}
	return appendQuoted(b, s)
}

type xmlParser struct {
	s string
	i int
}

// skipMisc skips white space, the declaration, comments, processing instructions and a document type.
func (p *xmlParser) skipMisc() bool {
	for {
		p.i = skipSpace(p.s, p.i)
		if !strings.HasPrefix(p.s[p.i:], "<?") && !strings.HasPrefix(p.s[p.i:], "<!") {
			return true
		}
		if !p.skipMarkup() {
			return false
		}
	}
}

// skipMarkup skips what begins with <? or <!.
func (p *xmlParser) skipMarkup() bool {
	rest := p.s[p.i:]
	switch {
	case strings.HasPrefix(rest, "<?"):
		return p.skipPast("?>")
	case strings.HasPrefix(rest, "<!--"):
		p.i += 4
		return p.skipPast("-->")
	case strings.HasPrefix(rest, "<!DOCTYPE"):
		depth := 0
		for ; p.i < len(p.s); p.i++ {
			switch p.s[p.i] {
			case '<', '[':
				depth++
			case '>', ']':
				if depth--; depth == 0 {
					p.i++
					return true
				}
			}
		}
	}
	return false
}

func (p *xmlParser) skipPast(end string) bool {
	i := strings.Index(p.s[p.i:], end)
	if i < 0 {
		return false
	}
	p.i += i + len(end)
	return true
}

// element reads an element that begins at <.
func (p *xmlParser) element(depth int) (string, *xmlNode, bool) {
	if depth > maxDepth {
		return "", nil, false
	}
	p.i++
	name, ok := p.name()
	if !ok {
		return "", nil, false
	}
	n := &xmlNode{}
	for {
		before := p.i
		p.i = skipSpace(p.s, p.i)
		switch {
		case p.i >= len(p.s):
			return "", nil, false
		case p.s[p.i] == '>':
			p.i++
			return name, n, p.content(n, name, depth)
		case strings.HasPrefix(p.s[p.i:], "/>"):
			p.i += 2
			return name, n, true
		case p.i == before || !p.attribute(n):
			return "", nil, false
		}
	}
}

// name reads the name of an element or attribute, with its prefix.
func (p *xmlParser) name() (string, bool) {
	start := p.i
	for p.i < len(p.s) {
		c := p.s[p.i]
		if c < utf8.RuneSelf {
			if !isAlnum(c) && strings.IndexByte("_:-.", c) < 0 {
				break
			}
			p.i++
			continue
		}
		r, n := utf8.DecodeRuneInString(p.s[p.i:])
		if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			break
		}
		p.i += n
	}
	name := p.s[start:p.i]
	return name, name != "" && strings.IndexByte("0123456789-.", name[0]) < 0
}

func (p *xmlParser) attribute(n *xmlNode) bool {
	name, ok := p.name()
	if !ok {
		return false
	}
	if p.i = skipSpace(p.s, p.i); p.i >= len(p.s) || p.s[p.i] != '=' {
		return false
	}
	if p.i = skipSpace(p.s, p.i+1); p.i >= len(p.s) || p.s[p.i] != '"' && p.s[p.i] != '\'' {
		return false
	}
	end := strings.IndexByte(p.s[p.i+1:], p.s[p.i])
	if end < 0 {
		return false
	}
	value, ok := decodeEntities(p.s[p.i+1 : p.i+1+end])
	if !ok || strings.IndexByte(p.s[p.i:p.i+end+1], '<') >= 0 {
		return false
	}
	p.i += end + 2
	f := n.field("@" + name)
	if f.isText {
		return false // twice
	}
	f.isText, f.text = true, value
	return true
}

// content reads to the end tag of the element.
func (p *xmlParser) content(n *xmlNode, name string, depth int) bool {
	for {
		open := strings.IndexByte(p.s[p.i:], '<')
		if open < 0 {
			return false
		}
		if text := strings.TrimSpace(p.s[p.i : p.i+open]); text != "" {
			decoded, ok := decodeEntities(text)
			if !ok {
				return false
			}
			n.addText(decoded)
		}
		p.i += open
		rest := p.s[p.i:]
		switch {
		case strings.HasPrefix(rest, "</"):
			p.i += 2
			end, ok := p.name()
			p.i = skipSpace(p.s, p.i)
			if !ok || end != name || p.i >= len(p.s) || p.s[p.i] != '>' {
				return false
			}
			p.i++
			return true
		case strings.HasPrefix(rest, "<![CDATA["):
			end := strings.Index(rest, "]]>")
			if end < 0 {
				return false
			}
			n.addText(rest[9:end])
			p.i += end + 3
		case strings.HasPrefix(rest, "<!--"), strings.HasPrefix(rest, "<?"):
			if !p.skipMarkup() {
				return false
			}
		default:
			child, node, ok := p.element(depth + 1)
			if !ok {
				return false
			}
			f := n.field(child)
			f.nodes = append(f.nodes, node)
		}
	}
}

// decodeEntities replaces the five named entities and character references; false for any other &.
func decodeEntities(s string) (string, bool) {
	i := strings.IndexByte(s, '&')
	if i < 0 {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for ; i >= 0; i = strings.IndexByte(s, '&') {
		b = append(b, s[:i]...)
		end := strings.IndexByte(s[i:], ';')
		if end < 2 || end > 12 {
			return "", false
		}
		r, ok := entity(s[i+1 : i+end])
		if !ok {
			return "", false
		}
		b = utf8.AppendRune(b, r)
		s = s[i+end+1:]
	}
	return string(append(b, s...)), true
}

func entity(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if strings.HasPrefix(digits, "x") {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), err == nil && n <= utf8.MaxRune && utf8.ValidRune(rune(n))
}
