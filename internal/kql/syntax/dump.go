package syntax

import (
	"fmt"
	"reflect"
	"strings"
)

// Dump writes a tree with one node a line, indented, for the explain command and for comparing trees. Spans are left
// out unless asked for.
func Dump(n Node, spans bool) string {
	var b strings.Builder
	dump(&b, reflect.ValueOf(n), "", 0, spans)
	return b.String()
}

// dump uses reflection so that a new node needs nothing here.
func dump(b *strings.Builder, v reflect.Value, label string, depth int, spans bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	indent := strings.Repeat("  ", min(depth, 200))
	switch v.Kind() {
	case reflect.Struct:
		fmt.Fprintf(b, "%s%s%s", indent, label, v.Type().Name())
		if spans {
			if s := v.FieldByName("Span"); s.IsValid() {
				fmt.Fprintf(b, " @%d-%d", s.Field(0).Int(), s.Field(1).Int())
			}
		}
		dumpFields(b, v, depth, spans)
	case reflect.Slice:
		if v.Len() == 0 {
			return
		}
		for i := range v.Len() {
			dump(b, v.Index(i), label, depth, spans)
		}
	}
}

// dumpFields writes plain fields on the node's line and nodes below it.
func dumpFields(b *strings.Builder, v reflect.Value, depth int, spans bool) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if !v.Type().Field(i).IsExported() {
			continue
		}
		switch f.Kind() {
		case reflect.String, reflect.Bool, reflect.Int64, reflect.Float64, reflect.Uint8:
			if !f.IsZero() {
				fmt.Fprintf(b, " %s=%q", name, fmt.Sprint(f.Interface()))
			}
		}
	}
	b.WriteByte('\n')
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if name == "Span" || name == "OpSpan" || !v.Type().Field(i).IsExported() {
			continue
		}
		switch f.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Slice:
			dump(b, f, name+": ", depth+1, spans)
		case reflect.Struct:
			if !f.IsZero() {
				dump(b, f, name+": ", depth+1, spans)
			}
		}
	}
}
