package catalog

// deviations are the entries that on purpose do not answer as Kusto does in every case, with what differs.
var deviations = map[string]string{
	"dcount":            "Exact, where Kusto estimates.",
	"dcountif":          "Exact, where Kusto estimates.",
	"autocluster":       "Which patterns are chosen, and their order; the counts of each are exact.",
	"basket":            "All frequent patterns are found, where Kusto samples first; they come with the most frequent first.",
	"diffpatterns":      "Which patterns are chosen, and their order; the counts of each are exact.",
	"diffpatterns_text": "Which patterns are chosen, and their order; the counts of each are exact.",
	"funnel_sequence":   "Rows of one state behind each other count as one; the formula is not published.",
	"pivot":             "The new columns stand in the order of their names.",
	"hash_combine":      "Other numbers: Kusto's formula is not published.",
	"hash_many":         "Other numbers: Kusto's formula is not published.",
	"hll":               "A form of its own, for the functions beside it.",
	"tdigest":           "A form of its own, for the functions beside it.",
	"find":              "Columns of one name and several types get the type at the end of their names, as documented.",
	"scan":              "No column match_id unless with_match_id asks for it, as documented.",
	"top-hitters":       "The counts are exact, where Kusto's may be estimates.",
}

// Deviation says in what an entry differs from Kusto on purpose; "" if in nothing.
func Deviation(name string) string { return deviations[name] }
