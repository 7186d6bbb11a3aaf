package catalog

// deviations are the entries that on purpose do not answer as Kusto does in every case, with what differs.
var deviations = map[string]string{
	"dcount":       "Exact, where Kusto estimates.",
	"dcountif":     "Exact, where Kusto estimates.",
	"autocluster":  "Which patterns are chosen, and their order; the counts of each are exact.",
	"basket":       "All frequent patterns are found, where Kusto samples first; they come with the most frequent first.",
	"diffpatterns": "Which patterns are chosen, and their order; the counts of each are exact.",
	"pivot":        "The new columns stand in the order of their names.",
	"top-hitters":  "The counts are exact, where Kusto's may be estimates.",
}

// Deviation says in what an entry differs from Kusto on purpose; "" if in nothing.
func Deviation(name string) string { return deviations[name] }
