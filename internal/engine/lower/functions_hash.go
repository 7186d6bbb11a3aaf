package lower

import (
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// lowerHash64 is hash(value) or hash(value, mod).
func lowerHash64(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	s := hash64(args[0], c.Args[0].Type())
	if len(args) == 2 {
		s = modulo(s, "CAST("+args[1]+" AS BIGINT)", c, c.Args[1])
	}
	return s, nil
}

// hash64 is the hash of a value by its type.
func hash64(s string, t catalog.Type) string {
	switch t {
	case catalog.String:
		return "go_hash_text(" + s + ")"
	case catalog.Guid:
		return "go_hash_guid(" + s + ")"
	case catalog.Real:
		return "go_hash_real(" + s + ")"
	case catalog.Decimal, catalog.Dynamic:
		return "go_hash_text(" + tostring(s, t) + ")"
	}
	return "go_hash_long(CAST(" + s + " AS BIGINT))"
}

// lowerHashCombine is hash_combine of hashes, and hash_many of values that are hashed first.
func lowerHashCombine(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	for i := range args {
		if c.Overload.ID == "hash_many" {
			args[i] = hash64(args[i], c.Args[i].Type())
		}
		args[i] = jsonOf(args[i], catalog.Long)
	}
	return "go_hash_combine(kql_array([" + strings.Join(args, ", ") + "]))", nil
}

// lowerDataSize adds the bytes of each value: those of its type, or of its text.
func lowerDataSize(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	for i, s := range args {
		switch c.Args[i].Type() {
		case catalog.String, catalog.Dynamic:
			args[i] = "coalesce(CAST(strlen(" + s + ") AS BIGINT), 0)"
		case catalog.Bool:
			args[i] = "1"
		case catalog.Int:
			args[i] = "4"
		case catalog.Guid, catalog.Decimal:
			args[i] = "16"
		default:
			args[i] = "8"
		}
	}
	return "CAST(" + strings.Join(args, " + ") + " AS BIGINT)", nil
}
