package commons

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/topic"
	"rapport/internal/web/entry"
)

type form = entry.Form

var fill = entry.Fill

func readForm(r *http.Request) (form, error) { return entry.Read(r, nil) }

// newOnce names a form, so that what is sent twice is written once.
func newOnce() string { return strings.ToLower(rand.Text()) }

// ownWords are what the author of a reply says, without what they quote; of an
// opening all of it, because a topic may be about what it quotes.
func ownWords(r topic.Reply) string {
	if r.Number == 1 {
		return markdown.Plain(r.HTML)
	}
	return markdown.Own(r.HTML)
}

// word is a field in which somebody wrote.
type word struct{ Name, Text string }

// written are the words that a request brought, as far as they arrived.
func (v *visit) written(r *http.Request) (all []word) {
	if v.words == nil || r.ParseForm() != nil {
		return nil
	}
	for _, name := range v.words {
		if text := r.PostForm.Get(name); strings.TrimSpace(text) != "" && entry.Keepable(text) {
			all = append(all, word{name, text})
		}
	}
	return all
}

// wordLabel is what a field with words is called.
func wordLabel(ctx context.Context, name string) string {
	switch name {
	case "title":
		return i18n.T(ctx, "Title")
	case "bio":
		return i18n.T(ctx, "About you")
	}
	return i18n.T(ctx, "Your text")
}

// toSignIn leads to where one signs in and back.
func toSignIn(w http.ResponseWriter, r *http.Request) error { return see(w, r, at(r).signIn()) }

// outView is a form that somebody sent who is not signed in any more.
type outView struct {
	*visit
	Form  form
	Words []word
	Other []word // the fields without words, as they came
}

// signedOut shows a form again whose sender is not signed in: everything typed
// stands in it, ready to be sent once more. Nothing is looked up and nothing kept,
// so that nobody learns from it what is there.
func (p *Pages) signedOut(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	v := outView{visit: at(r), Form: f}
	if v.Words = at(r).written(r); len(v.Words) == 0 {
		return toSignIn(w, r)
	}
	for name, values := range f.Values {
		shown := slices.ContainsFunc(v.Words, func(w word) bool { return w.Name == name })
		for _, value := range values {
			if !shown {
				v.Other = append(v.Other, word{name, value})
			}
		}
	}
	slices.SortStableFunc(v.Other, func(a, b word) int { return cmp.Compare(a.Name, b.Name) })
	h := head{Title: i18n.T(r.Context(), "You are signed out"), NoIndex: true}
	return write(r.Context(), w, http.StatusUnauthorized, frame(v.page(r, h), outBody(v)))
}

// signedOutScript tells a script that nobody is signed in.
func (p *Pages) signedOutScript(w http.ResponseWriter, r *http.Request) error {
	return answerJSON(w, http.StatusUnauthorized, map[string]string{"error": i18n.T(r.Context(), "You are signed out. Sign in in another tab; what you wrote stays here.")})
}
