package door

import (
	"context"
	"net/http"

	"rapport/internal/account"
	"rapport/internal/i18n"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// readingLanguages are what an account may read in.
func readingLanguages(ctx context.Context) []ui.Option {
	out := make([]ui.Option, 0, len(i18n.Languages)+1)
	for _, l := range i18n.Languages {
		out = append(out, ui.Option{Value: l.Code, Label: l.Name})
	}
	return append(out, ui.Option{Value: "", Label: i18n.T(ctx, "As the browser says")})
}

// languageSet keeps the language that an account reads in. What it answers with
// is already in that one.
func (p *Pages) languageSet(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	code := f.Value("language")
	if err := account.SetLanguage(r.Context(), p.DB, studio.At(r).Who, code); err != nil {
		return err
	}
	if code == "" {
		code = r.Header.Get("Accept-Language")
	}
	p.Note(w, r, i18n.T(i18n.With(r.Context(), code, nil), "The language is saved."), "")
	return studio.Back(w, r, "/studio")
}
