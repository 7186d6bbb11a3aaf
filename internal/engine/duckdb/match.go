package duckdb

// #include <stdlib.h>
// void nordlys_match(void *, void *, void *);
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
)

// The driver hands each value of a row to a function in an interface of its own, which costs more than searching the
// text. Functions with a Match are registered one level below it, with DuckDB's C interface: they see a vector of texts
// where it lies and write a vector of booleans. https://duckdb.org/docs/stable/clients/c/api#scalar-functions

// registerMatch makes a Match callable from SQL, in the whole instance.
func registerMatch(conn *sql.Conn, f scalar.Func) error {
	fn := mapping.CreateScalarFunction()
	defer mapping.DestroyScalarFunction(&fn)
	mapping.ScalarFunctionSetName(fn, f.Name)
	text, result := mapping.CreateLogicalType(mapping.TypeVarchar), mapping.CreateLogicalType(mapping.TypeBoolean)
	defer mapping.DestroyLogicalType(&text)
	defer mapping.DestroyLogicalType(&result)
	for range f.Args {
		mapping.ScalarFunctionAddParameter(fn, text)
	}
	mapping.ScalarFunctionSetReturnType(fn, result)
	mapping.ScalarFunctionSetSpecialHandling(fn)
	mapping.ScalarFunctionSetFunction(fn, C.nordlys_match)
	// C memory holds the handle, since DuckDB keeps the pointer.
	extra := C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0))))
	*(*cgo.Handle)(extra) = cgo.NewHandle(f.Match)
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
