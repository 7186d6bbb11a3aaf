package diag

import "strings"

// maxSuggestLength bounds the work of Nearest on a hostile name.
const maxSuggestLength = 64

// Nearest returns the candidate that a person most likely meant by name, or "" when none is near: the same letters in
// another case, or few edits (Damerau-Levenshtein) in relation to the length.
func Nearest(name string, candidates []string) string {
	if name == "" || len(name) > maxSuggestLength {
		return ""
	}
	lower := strings.ToLower(name)
	best, bestDistance := "", 1+max(1, len(name)/3)
	for _, c := range candidates {
		if c == name || len(c) > maxSuggestLength {
			continue
		}
		if strings.EqualFold(c, name) {
			return c
		}
		if diff := len(c) - len(name); diff >= bestDistance || -diff >= bestDistance {
			continue
		}
		if d := distance(lower, strings.ToLower(c)); d < bestDistance || d == bestDistance && best != "" && c < best {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and swaps of neighbours between a and b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, prev, cur := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(y)]
}

// didYouMean returns a sentence that offers a name, or "" when there is none to offer.
func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return " Did you mean " + near + "?"
}
