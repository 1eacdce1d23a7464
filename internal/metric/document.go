package metric

import (
	"fmt"
	"strings"
)

// Document is docs/numbers.md: every number that pages and the API show, from
// the list that the program goes by.
func Document() string {
	var b strings.Builder
	b.WriteString(documentHead)
	for _, part := range []struct {
		half        Half
		title, text string
	}{
		{Social, "Social media", "What networks count, and what is made of it."},
		{Community, "Community", "What members do, rolled up from the log of activity."},
		{Both, "Between them", "What leads from one half to the other."},
	} {
		fmt.Fprintf(&b, "\n## %s\n%s\n\n| Number | Id | What it is | Formula | Divided by | Window | Left out | Comes from | Unit | Better |\n|---|---|---|---|---|---|---|---|---|---|\n", part.title, part.text)
		for _, d := range definitions {
			if d.Half != part.half {
				continue
			}
			better := map[Direction]string{Up: "more", Down: "less"}[d.Direction]
			cells := []string{d.Name, "`" + d.ID + "`", d.Means, d.Formula, d.Denominator, d.Window, d.Excludes, d.Source, string(d.Unit), better}
			for i, c := range cells {
				cells[i] = strings.ReplaceAll(c, "|", `\|`)
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
	}
	return b.String()
}

const documentHead = `# The numbers

Insights in the studio shows the numbers of both halves side by side, those of
all channels, and those of the community; the API answers with the same under
` + "`/api/v1/numbers`" + ` and ` + "`/api/v1/metrics/definitions`" + `. Each says what it is
when its name is chosen. The tables below are written from the list that the
program goes by; a test holds them against it (` + "`go test ./internal/metric -update`" + `
writes them anew).

![The numbers of both halves side by side](pictures/insights.png)

## What holds for all of them
- **Not known is not 0.** A number that cannot be known is a dash with the
  reason. Where nothing was there to divide by there is no rate.
- **Sums over sums.** A rate of several posts, days or channels is the sum of
  the parts over the sum of the wholes, never a mean of rates.
- **What a rate was divided by** stands beside it. Below 30 it is grey: a single
  case more would move it.
- **Days** are those of the brand's zone, also where a day has 23 or 25 hours.
  Today is the last one, and is not over.
- **The change** is told against as many days before. Where the community was
  not there in all of them it is left out.
- **Who counts.** The team is left out unless it is counted in by a switch
  beside the days, and its topics with it, though its replies answer the topics of
  others; reactions are contributions unless they are left out by another. What was
  hidden, declined or taken back is counted on no day. Who left or was erased
  stays counted in the days they were here, under a token that leads nowhere.

## How the community is counted
What members do is a line in the log of activity, written with what was done.
Every minute what is new is rolled up: what a member did on a day, what became
of a topic, and the sums of days. Each of these rows is made from the activity
behind it and from nothing else, so that what comes late or twice changes
nothing, and counting all anew comes to the same. That is done by itself for a
brand that was never counted, that changed its zone, or that was brought in from
an archive. Days of which some activity is no more kept (Settings, Data) stay as
they were counted.
`
