package commons

import (
	"net/http"
	"net/url"

	"rapport/internal/i18n"
	"rapport/internal/merge"
	"rapport/internal/network"
)

// elsewhereView is what a member says is theirs on networks.
type elsewhereView struct {
	*visit
	Proofs   []merge.Proof
	Networks []network.Facts
	Titles   map[string]string
	Page     string // the address of the member's page, for other machines
	Form     form
	Wrong    map[string]string // what a check found, by the proof's id
}

// title is what a network is called.
func (v elsewhereView) title(name string) string {
	if t := v.Titles[name]; t != "" {
		return t
	}
	return name
}

// link is what is put into a profile: the member's page with the code.
func (v elsewhereView) link(p merge.Proof) string {
	return v.Page + "?" + url.Values{merge.CodeParameter: {p.Code}}.Encode()
}

// elsewhere shows a member their accounts on networks.
func (p *Pages) elsewhere(w http.ResponseWriter, r *http.Request) error {
	return p.elsewherePage(w, r, form{}, nil)
}

func (p *Pages) elsewherePage(w http.ResponseWriter, r *http.Request, f form, wrong map[string]string) error {
	ctx, v := r.Context(), elsewhereView{visit: at(r), Form: f, Wrong: wrong, Titles: map[string]string{}}
	if v.Voice.Member.ID == "" {
		return see(w, r, v.href("/join"))
	}
	var err error
	if v.Proofs, err = merge.Mine(ctx, p.DB, v.Voice); err != nil {
		return err
	}
	if v.Networks, err = p.Claims.Where(ctx, v.Brand.ID); err != nil {
		return err
	}
	for _, n := range p.Claims.Networks.All() {
		v.Titles[n.Facts().Name] = n.Facts().Title
	}
	v.Page = v.Public + "/u/" + url.PathEscape(v.Voice.Member.Handle)
	h := head{Title: i18n.T(ctx, "Your accounts elsewhere"), NoIndex: true, Plain: true}
	return write(ctx, w, f.Status(), frame(v.page(r, h), elsewhereBody(v)))
}

// elsewhereBegin notes an account and gives the code for it.
func (p *Pages) elsewhereBegin(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	c, err := p.Claims.Begin(r.Context(), at(r).Voice, f.Value("network"), f.Value("handle"))
	if err != nil {
		if f.Refused(err) {
			return p.elsewherePage(w, r, f, nil)
		}
		return err
	}
	return see(w, r, at(r).href("/me/accounts")+"#"+c.ID)
}

// elsewhereCheck looks whether the code stands on the profile.
func (p *Pages) elsewhereCheck(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("claim")
	_, err := p.Claims.Check(r.Context(), at(r).Voice, id)
	if err != nil {
		f := form{}.For(r.Context())
		if f.Refused(err) {
			wrong := map[string]string{id: f.Text}
			f.Text = ""
			return p.elsewherePage(w, r, f, wrong)
		}
		return err
	}
	return see(w, r, at(r).href("/me/accounts?done=yours")+"#"+id)
}

// elsewhereShow puts an account on the member's page, or takes it off.
func (p *Pages) elsewhereShow(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	id := r.PathValue("claim")
	if err := p.Claims.Show(r.Context(), at(r).Voice, id, f.On("shown")); err != nil {
		return err
	}
	return see(w, r, at(r).href("/me/accounts?done=saved")+"#"+id)
}

// elsewhereWithdraw takes an account back.
func (p *Pages) elsewhereWithdraw(w http.ResponseWriter, r *http.Request) error {
	if err := p.Claims.Withdraw(r.Context(), at(r).Voice, r.PathValue("claim")); err != nil {
		return err
	}
	return see(w, r, at(r).href("/me/accounts?done=saved"))
}
