package studio

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
)

// CSV answers with a table for spreadsheets. Cells that a spreadsheet would
// run as a formula are defused.
func CSV(w http.ResponseWriter, name string, rows [][]string) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, SafeName(name)))
	out := csv.NewWriter(w)
	for _, row := range rows {
		for i, c := range row {
			if c != "" && (c[0] == '=' || c[0] == '+' || c[0] == '@' || c[0] == '\t' || c[0] == '-' && !isNumber(c)) {
				row[i] = "'" + c
			}
		}
	}
	return out.WriteAll(rows)
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// SafeName keeps letters, digits, dots and dashes.
func SafeName(name string) string {
	out := []byte(name)
	for i, b := range out {
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '.' || b == '-') {
			out[i] = '-'
		}
	}
	return string(out)
}
