package catalog

// deviations are the entries that on purpose do not answer as Kusto does in every case, with what differs.
var deviations = map[string]string{
	"dcount":   "Exact, where Kusto estimates.",
	"dcountif": "Exact, where Kusto estimates.",
}

// Deviation says in what an entry differs from Kusto on purpose; "" if in nothing.
func Deviation(name string) string { return deviations[name] }
