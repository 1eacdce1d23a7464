package emulator

import (
	"bufio"
	_ "embed"
	"slices"
	"strconv"
	"strings"
)

// member is one of the audience: the same person wherever they write.
type member struct {
	handle, name string
	language     string // that they also write in beside English
	home         string // the topic they come for, "" for any
	about        string
}

// audience are the regulars first; they write most.
var audience = []member{
	{"mira_k", "Mira Kovač", "", "", "Two children, one kettle."},
	{"jonas_b", "Jonas Becker", "de", "", "Hamburg. Fahrrad, Filter, Feierabend."},
	{"adaeze", "Adaeze Obi", "", "howto", "Weighs everything."},
	{"tomasz", "Tomasz Nowak", "pl", "", "Reads the label first."},
	{"hannah_l", "Hannah Lindqvist", "", "berlin", "Canal side, window seat."},
	{"sofia_r", "Sofia Reyes", "es", "", "Desayuno, dos veces."},
	{"oliver_w", "Oliver Webb", "", "howto", "Retired engineer. Still measures."},
	{"cafe_linde", "Café Linde", "de", "partner", "Kleine Bar an der Ecke. Seit 2011."},
	{"kenji", "Kenji Mori", "", "", "Slow mornings."},
	{"fatou", "Fatou Diop", "fr", "", "Lyon, parfois Dakar."},
	{"noor_h", "Noor Haddad", "", "", "Night shift, early bus."},
	{"emma_v", "Emma Visser", "", "berlin", "New in town and hungry."},
	{"lucas_m", "Lucas Martin", "fr", "", "Boulanger. Levé à trois heures."},
	{"priya_s", "Priya Shah", "", "howto", "Tea person, converted on weekends."},
	{"ingrid", "Ingrid Dahl", "", "", "Sails, knits, drinks it black."},
	{"bar_kanal", "Bar Kanal", "de", "partner", "Offen bis der letzte geht."},
	{"zeynep", "Zeynep Arslan", "de", "berlin", "Kreuzberg. Zwei Espressi, ein Wasser."},
	{"carlos_f", "Carlos Ferreira", "pt", "", "Porto, à beira do rio."},
	{"dmitri", "Dmitri Volkov", "", "", "Repairs old radios."},
	{"amelia_j", "Amelia Jones", "", "", "Bookshop owner. Smells of paper and filter."},
	{"yusuf", "Yusuf Karim", "", "", "Cardamom, always."},
	{"chiara", "Chiara Conti", "it", "", "Moka sul fuoco."},
	{"min_jun", "Min-jun Park", "", "howto", "One gram at a time."},
	{"ewa_z", "Ewa Zielińska", "pl", "", "Nauczycielka. Trzy kawy."},
	{"samuel_o", "Samuel Owusu", "", "", "Runs, then brunch."},
	{"leila", "Leila Rahimi", "", "berlin", "Draws in cafés."},
	{"the_grind_room", "The Grind Room", "", "partner", "Eleven seats and a queue."},
	{"linh_tran", "Linh Trần", "", "", "Phin at home, filter at work."},
}

var members = func() map[string]member {
	out := map[string]member{}
	for _, m := range audience {
		out[m.handle] = m
	}
	return out
}()

//go:embed audience/words.txt
var audienceWords string

// wordPools are what the audience says, by kind, topic and language. A topic
// of "-" fits every topic of a coffee roaster.
var wordPools = func() map[string][]string {
	out, pool := map[string][]string{}, ""
	for in := bufio.NewScanner(strings.NewReader(audienceWords)); in.Scan(); {
		line := in.Text()
		if name, ok := strings.CutPrefix(line, "# "); ok {
			pool = name
			continue
		}
		out[pool] = append(out[pool], line)
	}
	return out
}()

// pool is what can be said of a kind in a language, and the language it is in:
// English where the person's own has no words for it. What belongs to the
// topic comes twice as often as what fits every topic.
func pool(kind, topic, language string) (words []string, in string) {
	own := wordPools[kind+" "+topic+" "+language]
	words = slices.Concat(own, own)
	if len(own) == 0 || !slices.Contains(narrow, topic) {
		words = slices.Concat(words, wordPools[kind+" - "+language], wordPools[kind+" "+language])
	}
	if len(words) == 0 && language != "en" {
		return pool(kind, topic, "en")
	}
	return words, language
}

// narrow topics are answered with words of their own only, where there are any.
var narrow = []string{"general", "question", "invite"}

// topics by the words that tell them; the first that fits counts.
var topicWords = []struct {
	topic string
	words []string
}{
	{"partner", []string{"partner", "order by", "our café", "your team"}},
	{"invite", []string{"cupping", "brew school on", "next brew school", "bowls", "taste on friday"}},
	{"roast", []string{"roast log", "on the roaster", "this week we brew", "filter of the week", "new harvest", "first crack"}},
	{"howto", []string{"grind", "coarser", "finer", "recipe", "water", "scale", "bitter", "sour cup", "bloom", "kettle"}},
	{"place", []string{"coffee", "cup", "beans", "espresso", "filter", "roaster", "hilde", "harbour", "barista", "bag", "flat white", "café"}},
}

// topicOf is what a post is about; general where it is not about coffee.
func topicOf(account, text string) string {
	low := strings.ToLower(text)
	for _, t := range topicWords {
		for _, w := range t.words {
			if strings.Contains(low, w) {
				return narrowed(t.topic, account, low)
			}
		}
	}
	return "general"
}

func narrowed(topic, account, text string) string {
	switch {
	case topic != "partner" && strings.Contains(text, "?"):
		return "question"
	case topic == "place" && strings.Contains(account, "berlin"):
		return "berlin"
	case topic == "place" && strings.Contains(account, "partner"):
		return "partner"
	}
	return topic
}

// somebody of the audience: the regulars more often than others, and those who
// come for the topic before all others.
func somebodyFor(topic string, seed uint64) member {
	who := audience[pick(seed, len(audience))]
	for i := range uint64(12) {
		if who.home == topic || topic != "partner" && (who.home == "" || who.home == "howto") {
			return who
		}
		who = audience[pick(mixed(seed+i+1), len(audience))]
	}
	return who
}

// pick favours the beginning of a list.
func pick(seed uint64, n int) int {
	x := share(seed)
	return int(x * (0.6 + 0.4*x) * float64(n))
}

var (
	cities  = []string{"Leipzig", "Vienna", "Ghent", "Malmö", "Porto", "Turin", "Lyon", "Bristol", "Zürich", "Kraków", "Utrecht", "Seville", "Graz", "Galway"}
	gear    = []string{"moka pot", "French press", "hand grinder", "little kettle", "big machine", "cold brew jar"}
	origins = []string{"Ethiopia", "Kenya", "Colombia", "Rwanda", "Peru", "Brazil", "Guatemala", "Costa Rica", "Indonesia", "El Salvador"}
	beans   = []string{"the Ethiopian", "the Kenyan", "the Colombian", "the one from Rwanda", "the Peruvian", "the Brazilian", "the Guatemalan", "the one from Costa Rica", "the Sumatran", "the one from El Salvador"}
)

// filled puts things into the gaps of what is said, those of the post where it
// names them.
func filled(text, about, brand string, seed uint64) string {
	coffee := beans[seed%uint64(len(beans))]
	for i, origin := range origins {
		if strings.Contains(about, origin) {
			coffee = beans[i]
		}
	}
	if strings.HasPrefix(text, "{coffee}") {
		coffee = strings.ToUpper(coffee[:1]) + coffee[1:]
	}
	return strings.NewReplacer("{coffee}", coffee, "{city}", cities[seed>>8%uint64(len(cities))], "{gear}", gear[seed>>16%uint64(len(gear))],
		"{n}", strconv.FormatUint(2+seed>>24%5, 10), "{brand}", brand).Replace(text)
}

// slip is a text with a slip of the keyboard in its longest word: two letters
// changed places.
func slip(text string) string {
	longest := ""
	for _, word := range strings.Fields(text) {
		if len(word) > len(longest) && strings.IndexFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) < 0 {
			longest = word
		}
	}
	for i := len(longest) / 2; i > 0 && i+1 < len(longest); i++ {
		if longest[i] != longest[i+1] {
			return strings.Replace(text, longest, longest[:i]+longest[i+1:i+2]+longest[i:i+1]+longest[i+2:], 1)
		}
	}
	return text
}
