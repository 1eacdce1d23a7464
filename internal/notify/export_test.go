package notify

import "slices"

// Homeless are the events that are told but stand in no row of the matrix, and
// those that stand in several.
func Homeless() []string {
	var out []string
	for kind := range tellers {
		rows := 0
		for _, t := range Topics {
			if slices.Contains(t.Events, kind) {
				rows++
			}
		}
		if rows != 1 {
			out = append(out, kind)
		}
	}
	return out
}
