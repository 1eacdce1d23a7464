package network

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"rapport/internal/i18n"
)

// The options that several networks have, so that a person sets them once.
const (
	OptionWarning    = "warning"
	OptionVisibility = "visibility"
	OptionLanguage   = "language"
)

const usualLongest = 500

// Most is the longest value of a free text, in runes.
func (o Option) Most() int {
	if o.Longest > 0 {
		return o.Longest
	}
	return usualLongest
}

// Option returns the option of that name, if the account has it.
func (l Limits) Option(name string) (Option, bool) {
	i := slices.IndexFunc(l.Options, func(o Option) bool { return o.Name == name })
	if i < 0 {
		return Option{}, false
	}
	return l.Options[i], true
}

// OptionFault is what is wrong with the value of an option.
type OptionFault struct {
	Name   string
	Phrase *i18n.Phrase // what to do about it
}

// CheckOptions returns what of the options the account does not take, by
// name. An empty value is as good as none.
func (l Limits) CheckOptions(options map[string]string) []OptionFault {
	var out []OptionFault
	for _, name := range slices.Sorted(maps.Keys(options)) {
		o, known := l.Option(name)
		if !known && name == OptionLanguage {
			// Every item has a language, also where a network keeps it to itself.
			o, known = Option{Name: OptionLanguage}, true
		}
		if !known {
			out = append(out, OptionFault{name, i18n.P("There is no option %q here. Leave it out.", name)})
		} else if text := o.refuse(options[name]); text != nil {
			out = append(out, OptionFault{name, text})
		}
	}
	return out
}

func (o Option) refuse(value string) *i18n.Phrase {
	switch {
	case value == "":
	case len(o.Choices) > 0:
		if !slices.ContainsFunc(o.Choices, func(c OptionChoice) bool { return c.Value == value }) {
			return i18n.P("%s: choose one of %s.", i18n.Word(o.Label), strings.Join(o.values(), ", "))
		}
	case o.Name == OptionLanguage:
		if _, err := language.Parse(value); err != nil {
			return i18n.P("Give the language as a code, such as en or pt-BR.")
		}
	case utf8.RuneCountInString(value) > o.Most():
		return i18n.P("%s: shorten it to %d characters.", i18n.Word(o.Label), o.Most())
	}
	return nil
}

func (o Option) values() []string {
	out := make([]string, len(o.Choices))
	for i, c := range o.Choices {
		out[i] = c.Value
	}
	return out
}

// Beside is how much of the text limit the options take up. They count as they
// are written, addresses and names too.
func (l Limits) Beside(options map[string]string) int {
	n := 0
	for _, o := range l.Options {
		if o.Counts {
			n += l.units(options[o.Name])
		}
	}
	return n
}
