package team

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/space"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

type teamView struct {
	Slug     string
	May      bool // change it
	Me       string
	Running  []account.Member
	Ended    []account.Member
	Invited  []admit.Invitation
	More     bool // there are more invitations than shown
	Channels map[string]string
	Spaces   map[string]string
	Asks     bool // for a second factor
	Now      db.Time
	Zone     *time.Location
}

// teamShow lists who is in the team, and who is asked into it.
func (p *Pages) teamShow(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	all, err := account.Team(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	view := teamView{Slug: v.Brand.Slug, May: p.May(r, access.TeamWrite), Me: v.Who.Account, Now: p.DB.Now(), Zone: v.Brand.Location()}
	for _, m := range all {
		if m.Ended(view.Now) {
			view.Ended = append(view.Ended, m)
		} else {
			view.Running = append(view.Running, m)
		}
	}
	if view.Channels, err = p.channelNames(r); err != nil {
		return err
	}
	if view.Spaces, err = p.spaceNames(r); err != nil {
		return err
	}
	if view.Asks, err = account.AsksFactor(r.Context(), p.DB, v.Brand.ID); err != nil {
		return err
	}
	if view.May {
		var next string
		if view.Invited, next, err = admit.Open(r.Context(), p.DB, v.Who, v.Brand.ID, db.Page{Limit: 200}); err != nil {
			return err
		}
		view.More = next != ""
	}
	return p.Settings(w, r, "team", 0, false, teamPage(view))
}

// channelNames are the names of the channels that the visitor sees, by id.
func (p *Pages) channelNames(r *http.Request) (map[string]string, error) {
	all, err := channel.List(r.Context(), p.DB, studio.At(r).Who, studio.At(r).Brand.ID)
	if fault.Is(err, fault.Denied) {
		return nil, nil
	}
	out := map[string]string{}
	for _, c := range all {
		out[c.ID] = c.Handle
	}
	return out, err
}

// spaceNames are the names of the brand's spaces, by id. The team knows all of
// them.
func (p *Pages) spaceNames(r *http.Request) (map[string]string, error) {
	all, err := space.List(r.Context(), p.DB, studio.At(r).Brand.ID)
	out := map[string]string{}
	for _, s := range all {
		out[s.ID] = s.Name
	}
	return out, err
}

// reach says what a grant covers and until when.
func (v teamView) reach(ctx context.Context, g access.Grant) string {
	out := []string{studio.RoleName(ctx, g.Role)}
	if len(g.Channels) > 0 {
		var names []string
		spaces := 0
		for _, id := range g.Channels {
			if name := cmp.Or(v.Channels[id], v.Spaces[id]); name != "" {
				names = append(names, name)
			}
			if v.Spaces[id] != "" {
				spaces++
			}
		}
		switch n := len(g.Channels); {
		case n <= 2 && len(names) == n:
			out = append(out, strings.Join(names, ", "))
		default:
			if n > spaces {
				out = append(out, i18n.N(ctx, n-spaces, "{{.N}} channel", "{{.N}} channels"))
			}
			if spaces > 0 {
				out = append(out, i18n.N(ctx, spaces, "{{.N}} space", "{{.N}} spaces"))
			}
		}
	}
	if g.EndsAt > v.Now {
		out = append(out, i18n.T(ctx, "until {{.Date}}", "Date", studio.LastDay(ctx, g.EndsAt, v.Zone)))
	}
	return strings.Join(out, " · ")
}

// grantForm is the part of a form that says what a grant covers.
type grantForm struct {
	Form     entry.Form
	Slug     string
	Channels []channel.Channel
	Spaces   []space.Space
	Today    string
}

// named reports whether there is something that a grant can name.
func (v grantForm) named() bool { return len(v.Channels)+len(v.Spaces) > 0 }

func (p *Pages) grantForm(r *http.Request, f entry.Form) (grantForm, error) {
	v := studio.At(r)
	if !p.May(r, access.TeamWrite) {
		return grantForm{}, v.Who.May(p.DB.Now(), v.Brand.ID, access.TeamWrite)
	}
	all, err := channel.List(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return grantForm{}, err
	}
	spaces, err := space.List(r.Context(), p.DB, v.Brand.ID)
	return grantForm{Form: f, Slug: v.Brand.Slug, Channels: all, Spaces: spaces, Today: p.DB.Now().Time().In(v.Brand.Location()).Format(time.DateOnly)}, err
}

// grantOf reads what a form says that a grant covers: what a role has nothing
// to do with is not shown for it, and left out. A day is whole: the
// grant ends with it, in the brand's zone.
func (p *Pages) grantOf(r *http.Request, f entry.Form) (access.Grant, error) {
	b := studio.At(r).Brand
	g := access.Grant{Brand: b.ID, Role: access.Role(f.Value("role"))}
	if f.Value("reach") == "some" {
		if g.Role.OnChannels() || !g.Role.LooksAfter() {
			g.Channels = append(g.Channels, f.All("channels")...)
		}
		if g.Role.LooksAfter() {
			g.Channels = append(g.Channels, f.All("spaces")...)
		}
		switch {
		case len(g.Channels) > 0:
		case !g.Role.LooksAfter():
			return g, fault.OnField("channels", "Choose at least one channel, or all of them.")
		case !g.Role.OnChannels():
			return g, fault.OnField("channels", "Choose at least one space, or all of them.")
		default:
			return g, fault.OnField("channels", "Choose at least one channel or space, or all of them.")
		}
	}
	if day := f.Value("ends"); day != "" {
		t, err := time.ParseInLocation(time.DateOnly, day, b.Location())
		if err != nil || t.Year() > 9000 {
			return g, fault.OnField("ends", "Choose a day, or leave it empty.")
		}
		g.EndsAt = db.At(t.AddDate(0, 0, 1))
	}
	return g, nil
}

// fillGrant is the form for a grant as it is.
func fillGrant(g access.Grant, zone *time.Location) entry.Form {
	f := entry.Fill("role", string(g.Role), "reach", "all")
	if len(g.Channels) > 0 {
		f.Values.Set("reach", "some")
		f.Values["channels"], f.Values["spaces"] = g.Channels, g.Channels
	}
	if g.EndsAt != 0 {
		f.Values.Set("ends", g.EndsAt.Add(-time.Millisecond).Time().In(zone).Format(time.DateOnly))
	}
	return f
}

var grantFields = []string{"email", "role", "channels", "ends"}

type teammateView struct {
	grantForm
	account.Member
	Ended bool
	Me    bool
}

// memberShow shows what one of the team may do, to change it.
func (p *Pages) memberShow(w http.ResponseWriter, r *http.Request) error {
	m, err := p.member(r)
	if err != nil {
		return err
	}
	return p.memberForm(w, r, m, fillGrant(m.Grant, studio.At(r).Brand.Location()))
}

func (p *Pages) member(r *http.Request) (m account.Member, err error) {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.TeamWrite); err != nil {
		return m, err
	}
	return account.Teammate(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("account"))
}

func (p *Pages) memberForm(w http.ResponseWriter, r *http.Request, m account.Member, f entry.Form) error {
	v := studio.At(r)
	gf, err := p.grantForm(r, f)
	if err != nil {
		return err
	}
	view := teammateView{grantForm: gf, Member: m, Ended: m.Ended(p.DB.Now()), Me: m.ID == v.Who.Account}
	return p.Settings(w, r, "team", f.Status(), false, teammatePage(view))
}

// memberChange saves it.
func (p *Pages) memberChange(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	m, err := p.member(r)
	if err != nil {
		return err
	}
	g, err := p.grantOf(r, f)
	if err == nil {
		err = p.Admit.Give(r.Context(), studio.At(r).Who, m.ID, g)
	}
	if err = studio.Rename(err, "ends_at", "ends"); err != nil {
		if f.Refused(err, grantFields...) {
			return p.memberForm(w, r, m, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Saved. It holds at once."), "")
	return studio.See(w, r, studio.TeamPath(studio.At(r).Brand.Slug))
}

// memberEnd ends somebody's access at once. The note takes it back.
func (p *Pages) memberEnd(w http.ResponseWriter, r *http.Request) error {
	v, id := studio.At(r), r.PathValue("account")
	until, err := account.End(r.Context(), p.DB, v.Who, v.Brand.ID, id)
	if err != nil {
		return err
	}
	undo := ""
	if id != v.Who.Account {
		undo = studio.TeamPath(v.Brand.Slug, "people", id, "renew") + "?until=" + strconv.FormatInt(int64(until), 10)
	}
	p.Note(w, r, i18n.T(r.Context(), "The access has ended. Open pages and tokens stopped at once."), undo)
	return studio.See(w, r, studio.TeamPath(v.Brand.Slug))
}

// memberRenew lets access run again: as it was, or without an end.
func (p *Pages) memberRenew(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	until, err := strconv.ParseInt(r.URL.Query().Get("until"), 10, 64)
	if err != nil {
		until = 0
	}
	if err := account.Renew(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("account"), db.Time(until)); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The access runs again."), "")
	return studio.See(w, r, studio.TeamPath(v.Brand.Slug))
}

// memberRemove takes somebody off the list for good.
func (p *Pages) memberRemove(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := account.Take(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("account")); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Taken off the list. What they wrote stays."), "")
	return studio.See(w, r, studio.TeamPath(v.Brand.Slug))
}

type teamFactorView struct {
	Slug    string
	Asks    bool
	Mine    bool // the visitor has one
	Without []account.Member
}

// teamFactorShow asks whether the brand asks for a second factor.
func (p *Pages) teamFactorShow(w http.ResponseWriter, r *http.Request) error {
	return p.teamFactorForm(w, r, entry.Form{})
}

func (p *Pages) teamFactorForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.TeamWrite); err != nil {
		return err
	}
	all, err := account.Team(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	view := teamFactorView{Slug: v.Brand.Slug}
	if view.Asks, err = account.AsksFactor(r.Context(), p.DB, v.Brand.ID); err != nil {
		return err
	}
	for _, m := range all {
		view.Mine = view.Mine || m.Factor && m.ID == v.Who.Account
		if !m.Factor && !m.Ended(p.DB.Now()) {
			view.Without = append(view.Without, m)
		}
	}
	return p.Settings(w, r, "team", f.Status(), false, teamFactorPage(view, f))
}

// teamFactorSet sets it.
func (p *Pages) teamFactorSet(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if err := account.AskFactor(r.Context(), p.DB, v.Who, v.Brand.ID, f.On("ask")); err != nil {
		if f.Refused(err) {
			return p.teamFactorForm(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Saved. It holds at once."), "")
	return studio.See(w, r, studio.TeamPath(v.Brand.Slug))
}

// roleAbout says in a sentence what a role is for.
func roleAbout(ctx context.Context, role access.Role) string {
	switch role {
	case access.Owner:
		return i18n.T(ctx, "Everything: team, settings, channels, export and erasure.")
	case access.Manager:
		return i18n.T(ctx, "Plans, publishes, approves and answers, and connects channels.")
	case access.Strategist:
		return i18n.T(ctx, "Plans and drafts. What goes out, others release.")
	case access.Creator:
		return i18n.T(ctx, "Writes drafts and keeps the media.")
	case access.Analyst:
		return i18n.T(ctx, "Reads the posts and all numbers, and changes nothing.")
	case access.Community:
		return i18n.T(ctx, "Answers people, keeps the inbox, and can stop everything. No settings.")
	case access.Moderator:
		return i18n.T(ctx, "Works on the cases of the community given to them.")
	case access.Ambassador:
		return i18n.T(ctx, "A member or an employee who passes on what the brand shares.")
	}
	return ""
}

func roleOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, role := range access.Roles {
		out = append(out, ui.Option{Value: string(role), Label: studio.RoleName(ctx, role), Help: roleAbout(ctx, role)})
	}
	return out
}

// does names what a role may do, for the table below the choice.
func does(ctx context.Context, role access.Role) string {
	var out []string
	for _, a := range access.Actions {
		if name := studio.ScopeName(ctx, a); name != "" && access.Allows(role, a) {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		return "—"
	}
	return strings.Join(out, " · ")
}

// sorted puts the visitor first.
func (v teamView) sorted() []account.Member {
	out := slices.Clone(v.Running)
	slices.SortStableFunc(out, func(a, b account.Member) int {
		switch v.Me {
		case a.ID:
			return -1
		case b.ID:
			return 1
		}
		return 0
	})
	return out
}

func memberHref(v teamView, m account.Member) string {
	if !v.May {
		return ""
	}
	return studio.TeamPath(v.Slug, "people", m.ID)
}

func factorSentence(ctx context.Context, asks bool) string {
	if asks {
		return i18n.T(ctx, "This brand asks everybody for one.")
	}
	return i18n.T(ctx, "Everybody decides for themselves.")
}
