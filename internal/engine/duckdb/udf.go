package duckdb

import (
	"context"
	"database/sql"
	"fmt"

	driverpkg "github.com/duckdb/duckdb-go/v2"

	"nordlys/internal/engine/scalar"
	"nordlys/internal/kql/catalog"
)

// register makes the Go functions callable from SQL, in the whole instance.
func register(conn *sql.Conn, funcs []scalar.Func) error {
	for _, f := range funcs {
		if f.Match != nil {
			if err := registerMatch(conn, f); err != nil {
				return fmt.Errorf("function %s: %w", f.Name, err)
			}
			continue
		}
		if f.At != nil || f.AtText != nil {
			if err := registerAt(conn, f); err != nil {
				return fmt.Errorf("function %s: %w", f.Name, err)
			}
			continue
		}
		u, err := newUDF(f)
		if err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
		if err := driverpkg.RegisterScalarUDF(conn, f.Name, u); err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
	}
	return nil
}

// udf adapts a scalar.Func. Nulls reach the function, which decides about them.
type udf struct {
	fn     scalar.Func
	config driverpkg.ScalarFuncConfig
}

func newUDF(f scalar.Func) (*udf, error) {
	u := &udf{fn: f, config: driverpkg.ScalarFuncConfig{SpecialNullHandling: true}}
	for _, t := range f.Args {
		info, err := typeInfo(t)
		if err != nil {
			return nil, err
		}
		u.config.InputTypeInfos = append(u.config.InputTypeInfos, info)
	}
	var err error
	u.config.ResultTypeInfo, err = typeInfo(f.Result)
	return u, err
}

func typeInfo(t catalog.Type) (driverpkg.TypeInfo, error) {
	switch t {
	case catalog.Bool:
		return driverpkg.NewTypeInfo(driverpkg.TYPE_BOOLEAN)
	case catalog.Long, catalog.Datetime, catalog.Timespan:
		return driverpkg.NewTypeInfo(driverpkg.TYPE_BIGINT)
	case catalog.Real:
		return driverpkg.NewTypeInfo(driverpkg.TYPE_DOUBLE)
	case catalog.String, catalog.Dynamic, catalog.Guid, catalog.Decimal:
		return driverpkg.NewTypeInfo(driverpkg.TYPE_VARCHAR)
	}
	return nil, fmt.Errorf("no parameter of type %s", t)
}

// Config implements the driver's ScalarFunc.
func (u *udf) Config() driverpkg.ScalarFuncConfig { return u.config }

// Executor implements the driver's ScalarFunc.
func (u *udf) Executor() driverpkg.ScalarFuncExecutor {
	return driverpkg.ScalarFuncExecutor{ChunkContextExecutor: func(ctx context.Context, chunk *driverpkg.ChunkIteratorState) error {
		args := make([]any, len(u.fn.Args))
		for row, err := range chunk.Rows() {
			if err == nil {
				err = ctx.Err() // a row may take long
			}
			if err != nil {
				return err
			}
			for i := range args {
				args[i] = *row.GetValuePtr(i)
			}
			var result any
			if u.fn.CallContext != nil {
				result = u.fn.CallContext(ctx, args)
			} else {
				result = u.fn.Call(args)
			}
			if err, failed := result.(error); failed {
				return err
			}
			if err := row.SetResult(result); err != nil {
				return err
			}
		}
		return nil
	}}
}
