package emulator

import (
	"regexp"
	"strings"
	"time"
)

const label = `[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`

var (
	didRule      = regexp.MustCompile(`^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$`)
	handleRule   = regexp.MustCompile(`^(` + label + `\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)
	nsidRule     = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.` + label + `)+\.[a-zA-Z][a-zA-Z0-9]{0,62}$`)
	tidRule      = regexp.MustCompile(`^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$`)
	keyRule      = regexp.MustCompile(`^[a-zA-Z0-9_~.:-]{1,512}$`)
	datetimeRule = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|[+-]\d\d:\d\d)$`)
	uriRule      = regexp.MustCompile(`^\w+:(//)?[^\s/]\S*$`)
	languageRule = regexp.MustCompile(`(?i)^(([a-z]{2,3}(-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*(-[a-wyz0-9](-[a-z0-9]{2,8})+)*(-x(-[a-z0-9]{1,8})+)?|x(-[a-z0-9]{1,8})+)$`)
)

// formats are the string formats of the lexicons.
var formats = map[string]func(string) bool{
	"did":           isDID,
	"handle":        isHandle,
	"at-identifier": func(s string) bool { return isDID(s) || isHandle(s) },
	"nsid":          isNSID,
	"at-uri":        func(s string) bool { _, ok := parseURI(s); return ok },
	"cid":           func(s string) bool { _, err := cidBytes(s); return err == nil },
	"tid":           tidRule.MatchString,
	"record-key":    isKey,
	"datetime":      isDatetime,
	"uri":           func(s string) bool { return len(s) <= 8<<10 && uriRule.MatchString(s) },
	"language":      func(s string) bool { return len(s) <= 128 && languageRule.MatchString(s) },
}

func isDID(s string) bool    { return len(s) <= 2<<10 && didRule.MatchString(s) }
func isHandle(s string) bool { return len(s) <= 253 && handleRule.MatchString(s) }
func isNSID(s string) bool   { return len(s) <= 317 && nsidRule.MatchString(s) }
func isKey(s string) bool    { return s != "." && s != ".." && keyRule.MatchString(s) }

// isDatetime is strict: a zone is needed, and -00:00 is none.
func isDatetime(s string) bool {
	if len(s) > 64 || !datetimeRule.MatchString(s) || strings.HasSuffix(s, "-00:00") || strings.HasPrefix(s, "000") {
		return false
	}
	_, err := time.Parse(time.RFC3339Nano, s)
	return err == nil
}

// uri is the address of an account, a collection or a record.
type uri struct{ authority, collection, key string }

func (u uri) String() string { return "at://" + u.authority + "/" + u.collection + "/" + u.key }

func parseURI(s string) (u uri, ok bool) {
	rest, ok := strings.CutPrefix(s, "at://")
	if !ok || len(s) > 8<<10 {
		return uri{}, false
	}
	parts := strings.Split(rest, "/")
	if len(parts) > 3 || !isDID(parts[0]) && !isHandle(parts[0]) {
		return uri{}, false
	}
	u.authority = parts[0]
	if len(parts) > 1 {
		u.collection = parts[1]
	}
	if len(parts) > 2 {
		u.key = parts[2]
	}
	return u, (len(parts) < 2 || isNSID(u.collection)) && (len(parts) < 3 || isKey(u.key))
}
