package commons

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/community"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/join"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/notice"
	"rapport/internal/topic"
	"rapport/internal/web/cookie"
	"rapport/internal/web/entry"
)

// joinView is the page where one becomes a member.
type joinView struct {
	*visit
	Form      form
	Papers    []document.Document // that are accepted with it
	Challenge string
}

// joinForm shows what is asked of who joins.
func (p *Pages) joinForm(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	if v.Voice.Member.State == member.Active {
		return see(w, r, cmp.Or(v.within(r.URL.Query().Get("next")), v.href("/")))
	}
	return p.joinPage(w, r, fill("name", v.Voice.Who.Name, "next", v.cameFrom(r)))
}

// cameFrom is the page of this community from which somebody came to join; ""
// where it was none of those one goes back to.
func (v *visit) cameFrom(r *http.Request) string {
	if r.URL.Query().Has("next") {
		return v.within(r.URL.Query().Get("next"))
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return ""
	}
	return v.within(withQuery(from.EscapedPath(), from.RawQuery))
}

// within is the address where it is a page of this community to go on with.
func (v *visit) within(next string) string {
	u, err := url.Parse(next)
	if err != nil || !entry.OnSite(next) || u.Host != "" || path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") {
		return ""
	}
	rest, here := strings.CutPrefix(u.Path, v.Base+"/")
	if !here || v.Base == "" && slices.ContainsFunc(studioOnly, func(p string) bool { return strings.HasPrefix(u.Path, p) }) {
		return ""
	}
	for _, kind := range []string{"t/", "s/", "u/", "new", "people", "top", "unanswered", "search"} {
		if strings.HasPrefix(rest, kind) {
			return next
		}
	}
	return ""
}

func (p *Pages) joinPage(w http.ResponseWriter, r *http.Request, f form) error {
	v := joinView{visit: at(r), Form: f}
	if v.Community.Joining == community.Closed && !v.team() {
		return fault.New(fault.Denied, "Nobody can join this community at the moment. You can read all that is public.")
	}
	all, err := document.All(r.Context(), p.DB, v.Brand.ID)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.Name != "imprint" {
			v.Papers = append(v.Papers, d)
		}
	}
	if !v.In() {
		v.Challenge = p.Join.Challenge()
	}
	h := head{Title: i18n.T(r.Context(), "Join {{.Community}}", "Community", v.Brand.Name), Path: "/join", NoIndex: r.URL.RawQuery != "", Plain: true,
		About: i18n.T(r.Context(), "Join {{.Community}} to ask, answer and follow what others say.", "Community", v.Brand.Name)}
	return write(r.Context(), w, f.Status(), frame(v.page(r, h), joinBody(v)))
}

// joinDo makes a member of a visitor or of an account.
func (p *Pages) joinDo(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	v := at(r)
	in := join.Form{Email: f.Value("email"), Password: f.Raw("password"), Name: f.Value("name"), Handle: f.Value("handle"), Accepts: accepts(f),
		Challenge: f.Value("challenge"), Answer: f.Value("proof"), Script: f.Value("proof") != ""}
	for i, q := range v.Community.Questions {
		in.Answers = append(in.Answers, member.Answer{Question: q, Answer: f.Value("answer." + strconv.Itoa(i))})
	}
	in.Link, in.LinkDay = came(r)
	done, err := p.enlist(w, r, v.Brand, in)
	if err != nil {
		if f.Refused(err) {
			return p.joinPage(w, r, f)
		}
		return err
	}
	p.forgetCame(w, r)
	next, err := url.Parse(cmp.Or(v.within(f.Value("next")), v.href("/")))
	if err != nil {
		return err
	}
	q := next.Query()
	q.Set("done", done)
	next.RawQuery = q.Encode()
	return see(w, r, next.String())
}

// enlist joins and signs in who was a visitor. It returns what to say.
func (p *Pages) enlist(w http.ResponseWriter, r *http.Request, b brand.Brand, in join.Form) (string, error) {
	ctx, meta := r.Context(), account.Meta{Address: p.address(r), Agent: r.UserAgent()}
	if at(r).In() {
		m, err := p.Join.Enter(ctx, at(r).Voice.Who, b, in)
		return saidOf(m), err
	}
	res, err := p.Join.SignUp(ctx, b, in, meta)
	if err != nil {
		return "", err
	}
	// An address that has an account already looks the same, unless its owner
	// knows the password.
	_, token, err := account.SignIn(ctx, p.DB, in.Email, in.Password, meta)
	if err != nil {
		return "letter", nil
	}
	cookie.SetSession(w, p.secure(r), token, account.SessionMax)
	switch {
	case res.State == member.Asking:
		return "asking", nil
	case res.Mailed:
		return "letter", nil
	}
	return "joined", nil
}

// addressProven goes on with the link of a letter.
func (p *Pages) addressProven(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.Join.Door.ProveAddress(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return see(w, r, at(r).href("/?done=proven"))
}

// addressAsk shows what the link of a letter asks: opening it alone must not
// prove anything, because programs open links too.
func (p *Pages) addressAsk(w http.ResponseWriter, r *http.Request) error {
	h := head{Title: i18n.T(r.Context(), "Is this your address?"), NoIndex: true, Plain: true}
	return write(r.Context(), w, http.StatusOK, frame(at(r).page(r, h), addressBody(at(r), r.PathValue("token"))))
}

// addressAgain writes the letter again.
func (p *Pages) addressAgain(w http.ResponseWriter, r *http.Request) error {
	if err := p.Join.AskAgain(r.Context(), at(r).Voice, at(r).Brand); err != nil {
		return err
	}
	return see(w, r, at(r).href("/?done=letter"))
}

func saidOf(m member.Member) string {
	if m.State == member.Asking {
		return "asking"
	}
	return "joined"
}

// paperView is one of the pages everybody can read.
type paperView struct {
	*visit
	Doc document.Document
	Old bool // there is a newer version
}

// paper shows a document, an older version where one is asked for.
func (p *Pages) paper(name string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := paperView{visit: at(r)}
		newest, err := document.Current(r.Context(), p.DB, v.Brand.ID, name)
		if err != nil {
			return err
		}
		v.Doc = newest
		if n, err := strconv.ParseInt(r.URL.Query().Get("version"), 10, 64); err == nil && n != newest.Version {
			if v.Doc, err = document.ByVersion(r.Context(), p.DB, v.Brand.ID, name, n); err != nil {
				return err
			}
			v.Old = true
		}
		h := head{Title: paperName(r.Context(), name), About: markdown.Excerpt(markdown.Plain(v.Doc.HTML), aboutMost), Path: "/" + name, NoIndex: v.Old}
		return write(r.Context(), w, http.StatusOK, frame(v.page(r, h), paperBody(v)))
	}
}

// meView is the reader's own settings.
type meView struct {
	*visit
	Form   form
	Factor bool     // their account has a second factor, which is asked for in place of the password
	Holds  []string // names of the brands for which their account stays when they leave
}

// leaves reports whether that way out is chosen; the mildest is, unless they
// have chosen another.
func (v meView) leaves(how join.How) bool {
	return how == cmp.Or(join.How(v.Form.Value("how")), join.Keep)
}

// pageHelp says how a page of their own is written, and who sees it.
func (v meView) pageHelp(ctx context.Context) string {
	help := i18n.T(ctx, "With https:// in front.")
	if v.Community.LinksWait && v.Voice.Member.Newcomer(topic.NewcomerUntil) {
		help += " " + i18n.T(ctx, "Others see it once {{.N}} posts of yours can be read.", "N", topic.NewcomerUntil)
	}
	return help
}

// me shows the reader's profile to change, and the ways out.
func (p *Pages) me(w http.ResponseWriter, r *http.Request) error {
	return p.mePage(w, r, profileForm(at(r).Voice.Member))
}

func profileForm(m member.Member) form {
	return fill("name", m.Name, "handle", m.Handle, "bio", m.Bio, "link", m.Link, "listed", strconv.FormatBool(m.Listed), "revision", strconv.FormatInt(m.Revision, 10))
}

func (p *Pages) mePage(w http.ResponseWriter, r *http.Request, f form) error {
	v := meView{visit: at(r), Form: f}
	if v.Voice.Member.ID == "" {
		return see(w, r, v.href("/join"))
	}
	// The page says of their picture all that the notice does.
	if err := notice.ReadKind(r.Context(), p.DB, v.Voice, notice.Pictured); err != nil {
		return err
	}
	factor, err := account.FactorOf(r.Context(), p.DB, v.Voice.Who.Account)
	if err != nil {
		return err
	}
	v.Factor = factor.Since != 0
	if v.Holds, err = join.Holds(r.Context(), p.DB, v.Brand.ID, v.Voice.Who.Account); err != nil {
		return err
	}
	h := head{Title: i18n.T(r.Context(), "Settings"), NoIndex: true, Plain: true}
	return write(r.Context(), w, f.Status(), frame(v.page(r, h), meBody(v)))
}

// meSave changes the reader's profile.
func (p *Pages) meSave(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	revision, _ := strconv.ParseInt(f.Value("revision"), 10, 64)
	_, err = join.Change(r.Context(), p.DB, at(r).Voice, revision, member.Profile{Handle: f.Value("handle"), Name: f.Value("name"), Bio: f.Raw("bio"), Link: f.Value("link"), Listed: f.On("listed")})
	if err != nil {
		if f.Refused(err) {
			return p.mePage(w, r, f)
		}
		return err
	}
	return see(w, r, at(r).href("/me?done=saved"))
}

// faceLimit is how often somebody may change their picture.
func faceLimit(id string) account.Limit {
	return account.Limit{Scope: "face " + id, Burst: 10, Every: 5 * time.Minute}
}

// mePicture gives the reader a picture.
func (p *Pages) mePicture(w http.ResponseWriter, r *http.Request) error {
	v, ctx := at(r), r.Context()
	if v.Voice.Member.ID == "" {
		return member.Missing()
	}
	err := account.Attempt(ctx, p.DB, faceLimit(v.Voice.Member.ID))
	if err == nil {
		var file io.Reader
		if file, err = upload(r); err == nil {
			err = member.Portray(ctx, p.DB, p.Blobs, v.Voice, file)
		}
	}
	if err != nil {
		f := profileForm(v.Voice.Member).For(ctx)
		if !f.Refused(err, "file") {
			return err
		}
		if f.Text != "" { // it stands at the picture, not over the profile
			f.Errors["file"], f.Text = f.Text, ""
		}
		return p.mePage(w, r, f)
	}
	return see(w, r, v.href("/me?done=saved"))
}

// mePictureRemove takes the reader's picture away.
func (p *Pages) mePictureRemove(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	if v.Voice.Member.ID == "" {
		return member.Missing()
	}
	if err := member.Unportray(r.Context(), p.DB, v.Voice); err != nil {
		return err
	}
	return see(w, r, v.href("/me?done=saved"))
}

// meExport hands the reader all that is theirs.
func (p *Pages) meExport(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	if v.Voice.Member.ID == "" {
		return member.Missing()
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="`+v.Brand.Slug+`-`+v.Voice.Member.Handle+`.json"`)
	return p.Join.Export(r.Context(), v.Voice, w)
}

// meLeave ends the reader's membership, and their account where they want that
// and nothing else holds it.
func (p *Pages) meLeave(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	v := at(r)
	gone := false
	if handle := v.Voice.Member.Handle; handle == "" || !strings.EqualFold(strings.TrimPrefix(f.Value("confirm"), "@"), handle) {
		err = fault.OnField("confirm", "Type your handle to confirm.")
	} else {
		gone, err = p.Join.Leave(context.WithoutCancel(r.Context()), v.Voice,
			join.Leaving{How: join.How(f.Value("how")), Password: f.Raw("password"), Code: f.Value("code"), Session: v.Session.ID, Account: f.On("account")})
	}
	if err != nil {
		again := profileForm(v.Voice.Member).For(r.Context())
		for _, name := range []string{"how", "confirm", "account"} {
			again.Values.Set(name, f.Value(name))
		}
		if again.Refused(err) {
			return p.mePage(w, r, again)
		}
		return err
	}
	done := "left"
	if gone {
		done = "gone"
		cookie.SetSession(w, p.secure(r), "", 0)
	}
	if v.locked() { // no page of it can say so afterwards
		v.Voice = member.Voice{Brand: v.Brand.ID}
		h := head{Title: i18n.T(r.Context(), "Goodbye"), NoIndex: true, Plain: true}
		return write(r.Context(), w, http.StatusOK, frame(v.page(r, h), leftBody(said(r.Context(), done))))
	}
	return see(w, r, v.href("/?done="+done))
}

// logoShow sends the brand's picture.
func (p *Pages) logoShow(w http.ResponseWriter, r *http.Request) error {
	f, kind, err := brand.OpenLogo(r.Context(), p.Blobs, in(r).Brand)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}
