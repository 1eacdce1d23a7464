package studio

import (
	"net/http"

	"golang.org/x/text/language"

	"rapport/internal/web/entry"
	"rapport/internal/web/ui"
)

// Zones are the choices of a time zone, with the chosen one among them.
func Zones(chosen string) []ui.Option {
	names := entry.Zones(chosen)
	out := make([]ui.Option, len(names))
	for i, name := range names {
		out[i] = ui.Option{Value: name, Label: name}
	}
	return out
}

// usualZone is where most people of a region live.
var usualZone = map[string]string{
	"GB": "Europe/London", "IE": "Europe/Dublin", "PT": "Europe/Lisbon", "ES": "Europe/Madrid", "FR": "Europe/Paris",
	"BE": "Europe/Brussels", "NL": "Europe/Amsterdam", "DE": "Europe/Berlin", "AT": "Europe/Vienna", "CH": "Europe/Zurich",
	"IT": "Europe/Rome", "DK": "Europe/Copenhagen", "NO": "Europe/Oslo", "SE": "Europe/Stockholm", "FI": "Europe/Helsinki",
	"PL": "Europe/Warsaw", "CZ": "Europe/Prague", "HU": "Europe/Budapest", "GR": "Europe/Athens", "UA": "Europe/Kyiv",
	"TR": "Europe/Istanbul", "EG": "Africa/Cairo", "NG": "Africa/Lagos", "ZA": "Africa/Johannesburg", "KE": "Africa/Nairobi",
	"US": "America/New_York", "CA": "America/Toronto", "MX": "America/Mexico_City", "BR": "America/Sao_Paulo",
	"AR": "America/Argentina/Buenos_Aires", "IL": "Asia/Jerusalem", "AE": "Asia/Dubai", "IN": "Asia/Kolkata",
	"TH": "Asia/Bangkok", "ID": "Asia/Jakarta", "SG": "Asia/Singapore", "CN": "Asia/Shanghai", "HK": "Asia/Hong_Kong",
	"KR": "Asia/Seoul", "JP": "Asia/Tokyo", "AU": "Australia/Sydney", "NZ": "Pacific/Auckland",
}

// GuessZone is a first guess from the browser's languages; scripts know
// better and correct it.
func GuessZone(r *http.Request) string {
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return "UTC"
	}
	for _, tag := range tags {
		region, _ := tag.Region()
		if zone := usualZone[region.String()]; zone != "" {
			return zone
		}
	}
	return "UTC"
}
