package commons

import (
	"net/http"

	"rapport/internal/i18n"
	"rapport/internal/topic"
)

// draftList is what the member has begun to write, wherever that is.
func (p *Pages) draftList(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	all, err := topic.Drafts(r.Context(), p.DB, v.Voice, v.Spaces)
	if err != nil {
		return err
	}
	h := head{Title: i18n.T(r.Context(), "Drafts"), NoIndex: true, View: "drafts"}
	return write(r.Context(), w, http.StatusOK, frame(v.page(r, h), draftsBody(v, all)))
}

// draftForget throws one away.
func (p *Pages) draftForget(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	if err := topic.ForgetDraft(r.Context(), p.DB, at(r).Voice, f.Value("topic")); err != nil {
		return err
	}
	return see(w, r, at(r).href("/drafts"))
}
