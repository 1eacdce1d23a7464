package web

import (
	"net/http"
	"slices"

	"golang.org/x/text/language"

	"rapport/internal/web/ui"
)

// zoneNames are the IANA zones that the form suggests; any other may be typed.
var zoneNames = []string{
	"Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Madrid", "Europe/Paris", "Europe/Brussels", "Europe/Amsterdam",
	"Europe/Berlin", "Europe/Vienna", "Europe/Zurich", "Europe/Rome", "Europe/Copenhagen", "Europe/Oslo", "Europe/Stockholm",
	"Europe/Helsinki", "Europe/Warsaw", "Europe/Prague", "Europe/Budapest", "Europe/Bucharest", "Europe/Athens", "Europe/Kyiv",
	"Europe/Istanbul", "Africa/Cairo", "Africa/Lagos", "Africa/Johannesburg", "Africa/Nairobi",
	"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Anchorage", "America/Toronto",
	"America/Vancouver", "America/Mexico_City", "America/Bogota", "America/Lima", "America/Santiago", "America/Sao_Paulo",
	"America/Argentina/Buenos_Aires", "Asia/Jerusalem", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu",
	"Asia/Dhaka", "Asia/Bangkok", "Asia/Jakarta", "Asia/Singapore", "Asia/Hong_Kong", "Asia/Shanghai", "Asia/Manila",
	"Asia/Seoul", "Asia/Tokyo", "Australia/Perth", "Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland",
	"Pacific/Honolulu", "UTC",
}

// zones are the choices of a time zone, with the chosen one among them.
func zones(chosen string) []ui.Option {
	names := zoneNames
	if chosen != "" && !slices.Contains(names, chosen) {
		names = append([]string{chosen}, names...)
	}
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

// guessZone is a first guess from the browser's languages; scripts know
// better and correct it.
func guessZone(r *http.Request) string {
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
