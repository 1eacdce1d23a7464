package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// paged cuts a list that is in the order of its ids: the newest of it, older
// than max_id, newer than since_id; or, with min_id, what comes next after
// it. Either way the newest is first, and the Link header says how to go on.
func paged[T any](c *call, list []T, id func(T) string, standard, most int) ([]T, *problem) {
	limit, no := c.number("limit", standard)
	if no != nil {
		return nil, no
	}
	limit = max(min(limit, most), 1)
	bounds := map[string]int64{}
	for _, name := range []string{"max_id", "since_id", "min_id"} {
		if v, given := c.Values[name]; given {
			n, err := strconv.ParseInt(v[0], 10, 64)
			if err != nil {
				return nil, (&problem{code: "wrong_type", text: name + " must be an id"}).with(http.StatusBadRequest)
			}
			bounds[name] = n
		}
	}
	var within []T
	for _, each := range list {
		n, _ := strconv.ParseInt(id(each), 10, 64) // given by this server
		if inside(bounds, n) {
			within = append(within, each)
		}
	}
	if _, next := bounds["min_id"]; next {
		within = within[:min(limit, len(within))]
	} else {
		within = within[max(0, len(within)-limit):]
	}
	out := slices.Clone(within)
	slices.Reverse(out)
	if len(out) > 0 {
		c.link(id(out[0]), id(out[len(out)-1]), len(out) == limit)
	}
	return out, nil
}

func inside(bounds map[string]int64, n int64) bool {
	if most, ok := bounds["max_id"]; ok && n >= most {
		return false
	}
	if least, ok := bounds["since_id"]; ok && n <= least {
		return false
	}
	least, ok := bounds["min_id"]
	return !ok || n > least
}

func (c *call) link(newest, oldest string, full bool) {
	var parts []string
	if full {
		parts = append(parts, fmt.Sprintf(`<%s>; rel="next"`, c.elsewhere("max_id", oldest)))
	}
	parts = append(parts, fmt.Sprintf(`<%s>; rel="prev"`, c.elsewhere("min_id", newest)))
	c.head.Set("Link", strings.Join(parts, ", "))
}

// elsewhere is the address of another page of the same list.
func (c *call) elsewhere(name, value string) string {
	q := url.Values{}
	for k, v := range c.r.URL.Query() {
		if k != "max_id" && k != "since_id" && k != "min_id" && k != "access_token" {
			q[k] = v
		}
	}
	q.Set(name, value)
	return c.place.base + c.r.URL.Path + "?" + q.Encode()
}
