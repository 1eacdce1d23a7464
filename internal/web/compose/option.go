package compose

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"rapport/internal/channel"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// various stands for the languages of a post that differ from channel to
// channel; the form then leaves them as they are.
const various = "*"

// optionField is the name of a channel's option on the form.
func optionField(channelID, name string) string { return "option." + channelID + "." + name }

// readOptions takes the options of all channels, chosen or not.
func (s *sheet) readOptions(v url.Values) {
	for field, values := range v {
		rest, ok := strings.CutPrefix(field, "option.")
		id, name, whole := strings.Cut(rest, ".")
		if !ok || !whole || values[0] == "" {
			continue
		}
		if s.Options[id] == nil {
			s.Options[id] = map[string]string{}
		}
		s.Options[id][name] = strings.TrimSpace(lineEnds.Replace(values[0]))
	}
	s.Language = v.Get(network.OptionLanguage)
}

var lineEnds = strings.NewReplacer("\r\n", " ", "\n", " ")

// optionsOf are a channel's, in the language of the post.
func (s sheet) optionsOf(channelID string) map[string]string {
	out := maps.Clone(s.Options[channelID])
	switch s.Language {
	case various:
	case "":
		delete(out, network.OptionLanguage)
	default:
		if out == nil {
			out = map[string]string{}
		}
		out[network.OptionLanguage] = s.Language
	}
	return out
}

// languageOf is the one language of all channels' options.
func languageOf(channels []string, options map[string]map[string]string) string {
	if len(channels) == 0 {
		return ""
	}
	one := options[channels[0]][network.OptionLanguage]
	for _, id := range channels {
		if options[id][network.OptionLanguage] != one {
			return various
		}
	}
	return one
}

// own are the channel's options but for the language, which is the post's.
func (c composeChannel) own() []network.Option {
	return slices.DeleteFunc(slices.Clone(c.Limits.Options), func(o network.Option) bool { return o.Name == network.OptionLanguage })
}

// speaks reports whether a chosen channel tells its readers the language.
func (v composeView) speaks() bool {
	return slices.ContainsFunc(v.chosen(), func(c composeChannel) bool { _, ok := c.Limits.Option(network.OptionLanguage); return ok })
}

// optional are the chosen channels that have options of their own.
func (v composeView) optional() []composeChannel {
	return slices.DeleteFunc(v.chosen(), func(c composeChannel) bool { return len(c.own()) == 0 })
}

// option is what was chosen; "" where nothing was.
func (v composeView) option(c composeChannel, name string) string { return v.Options[c.ID][name] }

// kept are the options that the form carries and does not show: those of
// channels that are not chosen, and languages that differ.
func (v composeView) kept() [][2]string {
	shown := map[string]bool{}
	for _, c := range v.chosen() {
		for _, o := range c.own() {
			shown[optionField(c.ID, o.Name)] = true
		}
	}
	var out [][2]string
	for id, options := range v.Options {
		for name, value := range options {
			if field := optionField(id, name); !shown[field] && (name != network.OptionLanguage || v.Language == various) {
				out = append(out, [2]string{field, value})
			}
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

// optionFault is what is wrong with a channel's option.
func (v composeView) optionFault(ctx context.Context, c composeChannel, name string) string {
	for _, bad := range c.Limits.CheckOptions(v.Options[c.ID]) {
		if bad.Name == name {
			return bad.Phrase.In(ctx)
		}
	}
	return v.Form.Error("options." + c.ID + "." + name)
}

// optionsOpen reports whether the options show without being asked for.
func (v composeView) optionsOpen(ctx context.Context) bool {
	for _, c := range v.optional() {
		for _, o := range c.own() {
			if o.Place && len(o.Choices) > 1 || v.optionFault(ctx, c, o.Name) != "" {
				return true
			}
		}
	}
	return false
}

// optionsSet says in a line what was chosen.
func (v composeView) optionsSet(ctx context.Context) string {
	var said []string
	if v.speaks() && v.Language != "" {
		said = append(said, v.languageName(ctx, v.Language))
	}
	for _, c := range v.optional() {
		for _, o := range c.own() {
			if word := optionWord(ctx, o, v.option(c, o.Name)); word != "" {
				said = append(said, word)
			}
		}
	}
	return strings.Join(studio.Distinct(said), " · ")
}

// OptionsSaid are what a post carries to a channel beside its text, for the
// page that tells of it.
func OptionsSaid(ctx context.Context, p post.Post, c channel.Channel) []string {
	var out []string
	for _, v := range p.Variants {
		if v.Channel != c.ID {
			continue
		}
		names := slices.Collect(maps.Keys(v.Options))
		for _, o := range c.Limits.Options {
			if o.Place && !slices.Contains(names, o.Name) {
				names = append(names, o.Name)
			}
		}
		for _, name := range slices.Sorted(slices.Values(names)) {
			o, known := c.Limits.Option(name)
			word := optionWord(ctx, o, v.Options[name])
			switch {
			case word == "":
			case known && len(o.Choices) == 0:
				out = append(out, i18n.T(ctx, "{{.Option}}: {{.Value}}", "Option", i18n.T(ctx, o.Label), "Value", word))
			default:
				out = append(out, word)
			}
		}
	}
	return out
}

// optionWord is how a choice is shown in a few words; "" where it says
// nothing.
func optionWord(ctx context.Context, o network.Option, value string) string {
	if o.Place && value == "" && len(o.Choices) > 0 {
		value = o.Choices[0].Value
	}
	if value == "" || !o.Place && len(o.Choices) > 0 && value == o.Choices[0].Value {
		return ""
	}
	for _, c := range o.Choices {
		if c.Value == value {
			return i18n.T(ctx, c.Label)
		}
	}
	return value
}

func optionChoices(ctx context.Context, o network.Option) []ui.Option {
	out := make([]ui.Option, len(o.Choices))
	for i, c := range o.Choices {
		out[i] = ui.Option{Value: c.Value, Label: i18n.T(ctx, c.Label)}
	}
	return out
}

// languages are those most brands write in, as their own speakers call them.
// Any other can be set by the API.
var languages = []ui.Option{
	{Value: "ar", Label: "العربية"}, {Value: "bg", Label: "Български"}, {Value: "bn", Label: "বাংলা"}, {Value: "ca", Label: "Català"},
	{Value: "cs", Label: "Čeština"}, {Value: "da", Label: "Dansk"}, {Value: "de", Label: "Deutsch"}, {Value: "el", Label: "Ελληνικά"},
	{Value: "en", Label: "English"}, {Value: "es", Label: "Español"}, {Value: "et", Label: "Eesti"}, {Value: "eu", Label: "Euskara"},
	{Value: "fa", Label: "فارسی"}, {Value: "fi", Label: "Suomi"}, {Value: "fr", Label: "Français"}, {Value: "ga", Label: "Gaeilge"},
	{Value: "gl", Label: "Galego"}, {Value: "he", Label: "עברית"}, {Value: "hi", Label: "हिन्दी"}, {Value: "hr", Label: "Hrvatski"},
	{Value: "hu", Label: "Magyar"}, {Value: "id", Label: "Bahasa Indonesia"}, {Value: "is", Label: "Íslenska"}, {Value: "it", Label: "Italiano"},
	{Value: "ja", Label: "日本語"}, {Value: "ko", Label: "한국어"}, {Value: "lt", Label: "Lietuvių"}, {Value: "lv", Label: "Latviešu"},
	{Value: "ms", Label: "Bahasa Melayu"}, {Value: "nb", Label: "Norsk bokmål"}, {Value: "nl", Label: "Nederlands"}, {Value: "pl", Label: "Polski"},
	{Value: "pt", Label: "Português"}, {Value: "pt-BR", Label: "Português (Brasil)"}, {Value: "ro", Label: "Română"}, {Value: "ru", Label: "Русский"},
	{Value: "sk", Label: "Slovenčina"}, {Value: "sl", Label: "Slovenščina"}, {Value: "sr", Label: "Српски"}, {Value: "sv", Label: "Svenska"},
	{Value: "th", Label: "ไทย"}, {Value: "tr", Label: "Türkçe"}, {Value: "uk", Label: "Українська"}, {Value: "vi", Label: "Tiếng Việt"},
	{Value: "zh-CN", Label: "简体中文"}, {Value: "zh-TW", Label: "繁體中文"},
}

func (v composeView) languageName(ctx context.Context, code string) string {
	if code == various {
		return i18n.T(ctx, "a language for each channel")
	}
	for _, l := range languages {
		if l.Value == code {
			return l.Label
		}
	}
	return code
}

// languageChoices begin with the brand's own.
func (v composeView) languageChoices(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Label: i18n.T(ctx, "{{.Language}}, as the brand", "Language", v.languageName(ctx, v.Spoken))}}
	if v.Language == various {
		out = append(out, ui.Option{Value: various, Label: i18n.T(ctx, "Different on each channel")})
	}
	if v.Language != "" && v.languageName(ctx, v.Language) == v.Language {
		out = append(out, ui.Option{Value: v.Language, Label: v.Language})
	}
	return append(out, languages...)
}

// counted are the limits that a counter needs, with what else takes up room.
type counted struct {
	network.Limits
	Channel string `json:"channel"`
}

func (c composeChannel) counted() counted {
	out := counted{c.Limits, c.ID}
	out.Options = nil
	for _, o := range c.Limits.Options {
		if o.Counts {
			out.Options = append(out.Options, network.Option{Name: o.Name, Counts: true})
		}
	}
	return out
}
