package duckdb

// #include <stdlib.h>
// void nordlys_match(void *, void *, void *);
// void nordlys_at(void *, void *, void *);
// void nordlys_free(void *);
import "C"

import (
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"runtime/cgo"
	"unsafe"

	driverpkg "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"nordlys/internal/engine/scalar"
	"nordlys/internal/kql/catalog"
)

// The driver hands each value of a row to a function in an interface of its own, which costs more than searching the
// text. Functions with a Match are registered one level below it, with DuckDB's C interface: they see a vector of texts
// where it lies and write a vector of booleans. https://duckdb.org/docs/stable/clients/c/api#scalar-functions

// registerMatch makes a Match callable from SQL, in the whole instance.
func registerMatch(conn *sql.Conn, f scalar.Func) error {
	params := make([]mapping.Type, len(f.Args))
	for i := range params {
		params[i] = mapping.TypeVarchar
	}
	return registerVector(conn, f.Name, params, mapping.TypeBoolean, C.nordlys_match, f.Match)
}

// registerAt makes an At or AtText callable from SQL, in the whole instance.
func registerAt(conn *sql.Conn, f scalar.Func) error {
	result := mapping.TypeDouble
	switch {
	case f.AtText != nil:
		result = mapping.TypeVarchar
	case f.Result == catalog.Bool:
		result = mapping.TypeBoolean
	}
	return registerVector(conn, f.Name, []mapping.Type{mapping.TypeDouble, mapping.TypeDouble, mapping.TypeVarchar}, result, C.nordlys_at, &atShape{f.At, f.AtText, f.Result == catalog.Bool})
}

// atShape is what nordlys_at gets: one of the two functions.
type atShape struct {
	at      func(text string) func(lng, lat float64) (float64, bool)
	text    func(text string) func(lng, lat float64) (string, bool)
	boolean bool
}

// registerVector registers a C function that gets state as its extra information.
func registerVector(conn *sql.Conn, name string, params []mapping.Type, result mapping.Type, function unsafe.Pointer, state any) error {
	fn := mapping.CreateScalarFunction()
	defer mapping.DestroyScalarFunction(&fn)
	mapping.ScalarFunctionSetName(fn, name)
	for _, t := range params {
		param := mapping.CreateLogicalType(t)
		mapping.ScalarFunctionAddParameter(fn, param)
		mapping.DestroyLogicalType(&param)
	}
	out := mapping.CreateLogicalType(result)
	defer mapping.DestroyLogicalType(&out)
	mapping.ScalarFunctionSetReturnType(fn, out)
	mapping.ScalarFunctionSetSpecialHandling(fn)
	mapping.ScalarFunctionSetFunction(fn, function)
	// C memory holds the handle, since DuckDB keeps the pointer.
	extra := C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0))))
	*(*cgo.Handle)(extra) = cgo.NewHandle(state)
	mapping.ScalarFunctionSetExtraInfo(fn, extra, C.nordlys_free)
	return conn.Raw(func(dc any) error {
		c, err := connection(dc)
		if err != nil {
			return err
		}
		if mapping.RegisterScalarFunction(c, fn) == mapping.StateError {
			return errors.New("DuckDB refuses to register it")
		}
		return nil
	})
}

// connection is DuckDB's handle of a driver's connection, which the driver keeps to itself.
func connection(dc any) (mapping.Connection, error) {
	if c, ok := dc.(*driverpkg.Conn); ok {
		if f := reflect.ValueOf(c).Elem().FieldByName("conn"); f.IsValid() && f.Type() == reflect.TypeFor[mapping.Connection]() {
			return *(*mapping.Connection)(unsafe.Pointer(f.UnsafeAddr())), nil
		}
	}
	return mapping.Connection{}, fmt.Errorf("the DuckDB driver's %T has no handle where this version looks for it", dc)
}

//export nordlys_free
func nordlys_free(extra unsafe.Pointer) {
	(*(*cgo.Handle)(extra)).Delete()
	C.free(extra)
}

//export nordlys_match
func nordlys_match(info, input, output unsafe.Pointer) {
	fi := mapping.FunctionInfo{Ptr: info}
	defer func() {
		// A panic must not unwind through C.
		if r := recover(); r != nil {
			mapping.ScalarFunctionSetError(fi, fmt.Sprintf("internal: %v", r))
		}
	}()
	match := (*(*cgo.Handle)(mapping.ScalarFunctionGetExtraInfo(fi))).Value().(func() func(text, pattern string) bool)()
	chunk := mapping.DataChunk{Ptr: input}
	n := int(mapping.DataChunkGetSize(chunk))
	out := unsafe.Slice((*bool)(mapping.VectorGetData(mapping.Vector{Ptr: output})), n)
	texts := newTexts(mapping.DataChunkGetVector(chunk, 0), n)
	if mapping.DataChunkGetColumnCount(chunk) == 1 {
		for i := range out {
			text, ok := texts.at(i)
			out[i] = ok && match(text, "")
		}
		return
	}
	patterns := newTexts(mapping.DataChunkGetVector(chunk, 1), n)
	for i := range out {
		text, ok := texts.at(i)
		pattern, ok2 := patterns.at(i)
		out[i] = ok && ok2 && match(text, pattern)
	}
}

//export nordlys_at
func nordlys_at(info, input, output unsafe.Pointer) {
	fi := mapping.FunctionInfo{Ptr: info}
	defer func() {
		if r := recover(); r != nil {
			mapping.ScalarFunctionSetError(fi, fmt.Sprintf("internal: %v", r))
		}
	}()
	shape := (*(*cgo.Handle)(mapping.ScalarFunctionGetExtraInfo(fi))).Value().(*atShape)
	chunk := mapping.DataChunk{Ptr: input}
	n := int(mapping.DataChunkGetSize(chunk))
	lngs, lats := newNumbers(mapping.DataChunkGetVector(chunk, 0), n), newNumbers(mapping.DataChunkGetVector(chunk, 1), n)
	texts := newTexts(mapping.DataChunkGetVector(chunk, 2), n)
	out := mapping.Vector{Ptr: output}
	data := mapping.VectorGetData(out)
	mapping.VectorEnsureValidityWritable(out)
	valid := unsafe.Slice((*uint64)(mapping.VectorGetValidity(out)), (n+63)/64)
	// The rows of a constant have one text at one place.
	var at func(lng, lat float64) (float64, bool)
	var textAt func(lng, lat float64) (string, bool)
	last, seen := "", false
	for i := range n {
		lng, ok1 := lngs.at(i)
		lat, ok2 := lats.at(i)
		text, ok3 := texts.at(i)
		if ok3 && (!seen || unsafe.StringData(text) != unsafe.StringData(last) || len(text) != len(last)) {
			if last, seen = text, true; shape.text != nil {
				textAt = shape.text(text)
			} else {
				at = shape.at(text)
			}
		}
		v, s, ok := 0.0, "", ok1 && ok2 && ok3 && (at != nil || textAt != nil)
		switch {
		case ok && textAt != nil:
			s, ok = textAt(lng, lat)
		case ok:
			v, ok = at(lng, lat)
		}
		switch {
		case !ok:
			valid[i/64] &^= 1 << (i % 64)
		case shape.text != nil:
			mapping.VectorAssignStringElementLen(out, mapping.IdxT(i), []byte(s))
		case shape.boolean:
			unsafe.Slice((*bool)(data), n)[i] = v != 0
		default:
			unsafe.Slice((*float64)(data), n)[i] = v
		}
	}
}

// numbers is a vector of DOUBLE.
type numbers struct {
	data  []float64
	valid []uint64 // nil if all are
}

func newNumbers(v mapping.Vector, n int) numbers {
	d := numbers{data: unsafe.Slice((*float64)(mapping.VectorGetData(v)), n)}
	if mask := mapping.VectorGetValidity(v); mask != nil {
		d.valid = unsafe.Slice((*uint64)(mask), (n+63)/64)
	}
	return d
}

func (d *numbers) at(i int) (float64, bool) {
	return d.data[i], d.valid == nil || d.valid[i/64]&(1<<(i%64)) != 0
}

// texts is a vector of VARCHAR, read without copying.
type texts struct {
	data  []stringT
	valid []uint64 // nil if all are
}

// stringT is DuckDB's duckdb_string_t: a length, then the text itself up to 12 bytes, or its first 4 bytes and where it is.
type stringT struct {
	length uint32
	prefix [4]byte
	at     *byte
}

const inlined = 12

func newTexts(v mapping.Vector, n int) texts {
	t := texts{data: unsafe.Slice((*stringT)(mapping.VectorGetData(v)), n)}
	if mask := mapping.VectorGetValidity(v); mask != nil {
		t.valid = unsafe.Slice((*uint64)(mask), (n+63)/64)
	}
	return t
}

// at gives text i; ok is false for null.
func (t *texts) at(i int) (text string, ok bool) {
	if t.valid != nil && t.valid[i/64]&(1<<(i%64)) == 0 {
		return "", false
	}
	s := &t.data[i]
	if s.length <= inlined {
		return unsafe.String(&s.prefix[0], s.length), true
	}
	return unsafe.String(s.at, s.length), true
}
