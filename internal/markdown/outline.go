package markdown

import (
	"strconv"
	"strings"
)

// deepest is the last level of headings that HTML has.
const deepest = 6

// outline holds the headings, as they were written, below which one reads.
type outline []int

// depth is how deep a heading lies among those before it, from 1: one deeper at
// most than the last, whatever level it was written as.
func (o *outline) depth(written int) int {
	above := *o
	for len(above) > 0 && above[len(above)-1] >= written {
		above = above[:len(above)-1]
	}
	*o = append(above, written)
	return len(*o)
}

// Below is the HTML of a text, as Render made it now or in the past, with
// headings that follow one of the given level on the page: none skips a level,
// as those who move by headings would look for what is not there.
func Below(html string, level int) string {
	if !strings.Contains(html, "<h") {
		return html
	}
	var b strings.Builder
	b.Grow(len(html))
	var o outline
	to := ""
	for {
		before, after, found := strings.Cut(html, "<")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('<')
		name, ends := strings.CutPrefix(after, "/")
		if written := headed(name); written > 0 {
			if ends {
				b.WriteByte('/')
			} else {
				to = "h" + strconv.Itoa(min(level+o.depth(written), deepest))
			}
			b.WriteString(to)
			after = name[2:]
		}
		html = after
	}
}

// headed is the level of the heading whose tag goes on so; 0 is no heading.
func headed(tag string) int {
	if len(tag) < 3 || tag[0] != 'h' || tag[1] < '1' || tag[1] > '0'+deepest || tag[2] != '>' {
		return 0
	}
	return int(tag[1] - '0')
}
