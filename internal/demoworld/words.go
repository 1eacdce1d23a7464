package demoworld

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Each file of words holds notes between lines of %. A note may begin with a
// line of a colon and words about it: a date and time, a number of days from
// now, names of channels, warm or cold, and what to show. Lines of ~ part a
// thread; what follows a line of @ and a channel's name is that channel's own
// text.
//
//go:embed words/*.txt
var files embed.FS

// note is one thing to say, as it was written.
type note struct {
	head  []string
	parts []string
	own   map[string]string // by channel
}

func notes(file string) []note {
	raw, err := files.ReadFile("words/" + file + ".txt")
	if err != nil {
		panic(err) // it is part of the program
	}
	var out []note
	for block := range strings.SplitSeq(string(raw), "\n%\n") {
		out = append(out, parse(strings.TrimSpace(block)))
	}
	return out
}

func parse(block string) note {
	n := note{own: map[string]string{}}
	if strings.HasPrefix(block, ":") {
		head, rest, _ := strings.Cut(block, "\n")
		n.head, block = strings.Fields(head[1:]), rest
	}
	whole := strings.Split(block, "\n@")
	for _, own := range whole[1:] {
		channel, text, _ := strings.Cut(own, "\n")
		n.own[channel] = strings.TrimSpace(text)
	}
	for part := range strings.SplitSeq(whole[0], "\n~\n") {
		n.parts = append(n.parts, strings.TrimSpace(part))
	}
	return n
}

// fits reports whether the note may be said in that month.
func (n note) fits(m time.Month) bool {
	cold := m >= time.October || m <= time.March
	return !(cold && slices.Contains(n.head, "warm")) && !(!cold && slices.Contains(n.head, "cold"))
}

// coffee is one of those that the brand sells.
type coffee struct{ name, country, by, height, way, notes string }

var coffees = []coffee{
	{"El Mirador", "Colombia", "Marisol Ortiz", "1,850 m", "washed", "red apple, caramel and orange peel"},
	{"Bensa Keramo", "Ethiopia", "the families of Keramo", "2,260 m", "dried in the cherry", "peach, jasmine and black tea"},
	{"Gatina", "Kenya", "the members of the Gatina station", "1,780 m", "washed", "blackcurrant, rhubarb and brown sugar"},
	{"La Colmena", "Guatemala", "the brothers Ajú", "1,720 m", "washed", "milk chocolate, plum and roasted almond"},
	{"Nyamasheke", "Rwanda", "the women of Cyato hill", "1,900 m", "washed", "cherry, honey and orange"},
	{"Fazenda Serra Azul", "Brazil", "the Prado family", "1,150 m", "pulped natural", "hazelnut, cocoa and dried fig"},
	{"Finca Las Nubes", "Costa Rica", "Irene Solano", "1,680 m", "honey", "apricot, panela and lime"},
	{"Buena Sombra", "Peru", "twelve farms around Jaén", "1,800 m", "washed", "nougat, pear and lemon balm"},
	{"Aceh Gayo", "Indonesia", "the growers of Bener Meriah", "1,500 m", "wet hulled", "cedar, dark chocolate and black cherry"},
	{"Huila decaf", "Colombia", "small farms around Pitalito", "1,700 m", "decaffeinated with sugar cane", "toffee, raisin and a little vanilla"},
	{"Sidama Shantawene", "Ethiopia", "Zelalem and his neighbours", "2,300 m", "dried in the cherry", "strawberry, cocoa nib and bergamot"},
	{"El Manzano", "El Salvador", "the Lemus family", "1,450 m", "honey", "toffee, mandarin and walnut"},
	{"Kirinyaga Peak", "Kenya", "the Thirikwa cooperative", "1,650 m", "washed", "grapefruit, tomato leaf and honey"},
}

// roastLog is what is roasted in a week, told in one of several ways.
func roastLog(number int, _ time.Time) note {
	c := coffees[number%len(coffees)]
	ways := []string{
		"Roast log %[1]d: %[2]s from %[3]s, %[6]s, grown at %[5]s by %[4]s. In the cup: %[7]s. Ships tomorrow.",
		"On the roaster today: %[2]s. %[9]s, if we got it right. Four batches, the second one was the best, and that is the curve we keep. Roast log %[1]d.",
		"Roast log %[1]d. %[8]s grew it, at %[5]s. It came to us %[6]s. We only had to stay out of the way: %[7]s.",
		"%[2]s is back. %[3]s, %[5]s, %[6]s. Last year it was gone after five weeks. Roast log %[1]d.",
		"Monday is roasting day. Today %[2]s (%[3]s), a little longer after first crack than last week, and now there is %[7]s. Roast log %[1]d.",
		"Roast log %[1]d: 46 kg of %[2]s. It smells of %[7]s up to the second floor. The neighbours have not complained yet.",
		"Fresh this week: %[2]s by %[4]s, %[6]s. We drink it as filter, 17 g to 280 g of water, and find %[7]s. Roast log %[1]d.",
	}
	text := fmt.Sprintf(ways[number%len(ways)], 96+number, c.name, c.country, c.by, c.height, c.way, c.notes, sentence(c.by), sentence(c.notes))
	n := note{head: []string{[]string{"roaster", "beans", "shelf", "branch", "farm", "roaster"}[number%6]}, parts: []string{text}, own: map[string]string{}}
	if number%3 == 0 {
		n.own["cafes"] = fmt.Sprintf("For partner bars this week: %s, %s, %s. %s. Order by Wednesday noon.", c.name, c.country, c.way, sentence(c.notes))
	}
	return n
}

// filterOfTheWeek is what the bar in Berlin brews.
func filterOfTheWeek(number int, _ time.Time) note {
	c := coffees[(number*5+3)%len(coffees)]
	ways := []string{
		"Filter of the week: %[1]s from %[2]s. %[3]s. Until Sunday or until it is empty.",
		"New in the big pot: %[1]s, %[4]s. Ask for a sip before you choose.",
		"This week we brew %[1]s from %[2]s by hand, all day long. Look for %[5]s.",
		"Monday, new filter: %[1]s. Emre says %[5]s. Noor says coffee. Decide for yourselves.",
		"%[1]s in the filter, %[6]s on the espresso side. Good week.",
	}
	other := coffees[(number*7+5)%len(coffees)]
	text := fmt.Sprintf(ways[number%len(ways)], c.name, c.country, sentence(c.notes), c.way, c.notes, other.name)
	n := note{parts: []string{text}}
	if number%2 == 0 {
		n.head = []string{"cup"}
	}
	return n
}

func invitation(number int, _ time.Time) note {
	c := coffees[(number*3+1)%len(coffees)]
	ways := []string{
		"Open cupping on Friday at four. Twelve bowls, one of them %s. Free, no booking, bring your nose.",
		"Come and taste on Friday: six coffees in two rows, and you will not know which is which. One is %s. From four.",
		"On Friday the long table is full of bowls again. If you have ever wondered what we mean by clean, taste %s at four.",
	}
	return note{head: []string{"cupping"}, parts: []string{fmt.Sprintf(ways[number%len(ways)], c.name)}}
}

func afterwards(number int, _ time.Time) note {
	c := coffees[(number*3+1)%len(coffees)]
	ways := []string{
		"%d noses, twelve bowls, one clear winner: %s. Thank you for coming, and for doing the spoons.",
		"Yesterday %d of you stood around the table. Nobody liked the same bowl, except %s, which was empty first.",
		"%d people at the cupping and not one phone on the table. The favourite was %s. Next one in four weeks.",
	}
	return note{head: []string{"table"}, parts: []string{fmt.Sprintf(ways[number%len(ways)], 17+number*7%16, c.name)}}
}

func course(number int, at time.Time) note {
	day := at.AddDate(0, 0, 9).Format("Monday 2 January")
	ways := []string{
		"Brew school on %s: two hours, six people, one kettle each. Two places left. https://northwind.example/school",
		"Next brew school, %s at six: espresso at home. Bring your own machine if you can carry it. https://northwind.example/school",
		"Brew school, milk edition: %s at six. Oat, cow and soy, side by side. https://northwind.example/school",
	}
	return note{head: []string{"school"}, parts: []string{fmt.Sprintf(ways[number%len(ways)], day)}}
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
