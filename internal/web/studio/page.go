package studio

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/notify"
	"rapport/internal/post"
	"rapport/internal/task"
	"rapport/internal/topic"
	"rapport/internal/web/ui"
)

// Page is a page of the studio before it is framed.
type Page struct {
	Area   string // key of the rail's entry it belongs to
	Title  string // of the browser's tab; the head's title unless given
	Head   ui.Head
	Fill   bool // as high as the window, scrolls inside
	Flush  bool // the content reaches the edge
	Keys   []ui.KeyLine
	Status int      // 200 unless given
	Styles []string // built stylesheets beside those of the area
}

// sheets are the built stylesheets that the pages of an area load beside
// app.css. The sources are in assets/areas.
var sheets = map[string][]string{
	"today":    {"inbox.css"},
	"inbox":    {"inbox.css"},
	"people":   {"inbox.css"},
	"calendar": {"calendar.css"},
	"settings": {"settings.css"},
	// The parts of the area stand at the side, as those of the settings.
	"community": {"settings.css", "prose.css"},
}

// Show frames content as a page of the brand and answers with it.
func (s *Studio) Show(w http.ResponseWriter, r *http.Request, pg Page, content templ.Component) error {
	f, err := s.frame(r.Context(), At(r))
	if err != nil {
		return err
	}
	args := f.shell(r.Context(), pg)
	args.StreamFrom = At(r).heard
	args.Theme = Theme(r)
	if n := s.takeNote(w, r); n != nil {
		args.Toasts = []ui.ToastArgs{*n}
	}
	if pg.Status == 0 {
		pg.Status = http.StatusOK
	}
	return Write(r.Context(), w, pg.Status, framed(args, f, pg.Area, content))
}

// frameShow answers an open page with what has changed around its content.
func (s *Studio) frameShow(w http.ResponseWriter, r *http.Request) error {
	f, err := s.frame(r.Context(), At(r))
	if err != nil {
		return err
	}
	return Part(w, r, ui.Frame(f.shell(r.Context(), Page{Area: r.URL.Query().Get("area")})))
}

// frame is what every page of a brand shows around its content.
type frame struct {
	*Visit
	Brands  []brand.Brand
	Needs   int // deliveries and channels that wait for a person
	Broken  int // channels among them
	Unread  int // notifications
	News    int // conversations that nobody has opened
	Tasks   int // the visitor's that are overdue
	Cases   int // of the community that need a look
	Hold    brand.Pause
	HoldBy  string // name of who holds; "" for the program
	Role    access.Role
	MayHold bool
	Owns    bool // a brand, and so may start another
}

// frame reads it, in one place, with a query a line.
func (s *Studio) frame(ctx context.Context, v *Visit) (frame, error) {
	f := frame{Visit: v}
	now := s.DB.Now()
	f.Role = v.Who.Role(now, v.Brand.ID)
	f.MayHold = v.Who.May(now, v.Brand.ID, access.HoldSet) == nil
	f.Owns = v.Who.Owns(now)
	var err error
	if f.Brands, err = brand.List(ctx, s.DB, v.Who); err != nil {
		return f, err
	}
	if f.Needs, err = delivery.AttentionCount(ctx, s.DB, v.Who, v.Brand.ID); err != nil {
		return f, fmt.Errorf("web: count what needs a person: %w", err)
	}
	if f.Broken, err = s.broken(ctx, v); err != nil {
		return f, err
	}
	reviews, err := s.ReviewCount(ctx, v)
	if err != nil {
		return f, err
	}
	f.Needs += f.Broken + reviews
	if f.Unread, err = notify.Unread(ctx, s.DB, v.Who, v.Brand.ID); err != nil {
		return f, err
	}
	if f.News, err = s.news(ctx, v); err != nil {
		return f, err
	}
	if f.Tasks, err = task.Mine(ctx, s.DB, v.Who, v.Brand.ID, now); err != nil {
		return f, err
	}
	cases, err := topic.CaseCounts(ctx, s.DB, v.Who, v.Brand.ID)
	if err != nil {
		return f, err
	}
	f.Cases = cases[topic.ToApprove] + cases[topic.Flagged]
	if v.Brand.Held {
		f.Hold, f.HoldBy, err = s.RunningHold(ctx, s.DB, v.Brand.ID)
	}
	return f, err
}

// broken counts the channels that need attention; none where the account may
// not see channels.
func (s *Studio) broken(ctx context.Context, v *Visit) (int, error) {
	all, err := channel.List(ctx, s.DB, v.Who, v.Brand.ID)
	if fault.Is(err, fault.Denied) {
		return 0, nil
	}
	n := 0
	for _, c := range all {
		if c.State == channel.StateAttention {
			n++
		}
	}
	return n, err
}

// news counts the conversations that nobody has opened; none where the account
// may not see conversations.
func (s *Studio) news(ctx context.Context, v *Visit) (int, error) {
	counts, err := s.Counts(ctx, v)
	if fault.Is(err, fault.Denied) {
		return 0, nil
	}
	return counts.New, err
}

// Counts are how many conversations wait where, counted once a request.
func (s *Studio) Counts(ctx context.Context, v *Visit) (conversation.Counts, error) {
	if v.counts != nil {
		return *v.counts, nil
	}
	c, err := conversation.Count(ctx, s.DB, v.Who, v.Brand.ID)
	if err == nil {
		v.counts = &c
	}
	return c, err
}

// RunningHold returns the hold and the name of who set it.
func (s *Studio) RunningHold(ctx context.Context, q db.Queryer, brandID string) (brand.Pause, string, error) {
	h, held, err := brand.CurrentHold(ctx, q, brandID)
	if err != nil || !held || h.By == "" {
		return h, "", err
	}
	a, err := account.ByID(ctx, q, h.By)
	if fault.Is(err, fault.NotFound) {
		return h, "", nil
	}
	return h, a.Name, err
}

// area is an entry of the rail.
type area struct {
	key, label, icon, letter string
	path                     []string
	needs                    access.Action
}

// areas are the places of a brand, in the order of the rail. The first four
// are the phone's bar.
var areas = []area{
	{"today", "Today", "sunrise", "t", nil, access.BrandRead},
	{"inbox", "Inbox", "inbox", "b", []string{"inbox"}, access.ConversationRead},
	{"calendar", "Calendar", "calendar", "c", []string{"calendar"}, access.PostRead},
	{"posts", "Posts", "layers", "p", []string{"posts"}, access.PostRead},
	{"tasks", "Tasks", "list-checks", "k", []string{"tasks"}, access.BrandRead},
	{"media", "Media", "image", "m", []string{"media"}, access.MediaRead},
	{"links", "Links", "link", "l", []string{"links"}, access.PostRead},
	{"people", "People", "users", "u", []string{"people"}, access.PersonRead},
	{"community", "Community", "message-circle", "y", []string{"community"}, access.TopicModerate},
	{"insights", "Insights", "chart-line", "a", []string{"insights"}, access.MetricRead},
	{"channels", "Channels", "radar", "n", []string{"channels"}, access.ChannelRead},
	{"notifications", "Notifications", "bell", "i", []string{"notifications"}, access.BrandRead},
	{"settings", "Settings", "settings", "s", []string{"settings"}, access.BrandRead},
}

func (f frame) shell(ctx context.Context, pg Page) ui.ShellArgs {
	slug := f.Brand.Slug
	args := ui.ShellArgs{
		Title: pg.Title, Head: pg.Head, Fill: pg.Fill, Flush: pg.Flush, Keys: pg.Keys,
		ThemeURL: Path(slug, "theme.css") + "?c=" + url.QueryEscape(f.Brand.Color),
		Styles:   slices.Concat(sheets[pg.Area], pg.Styles),
		Brand:    choice(f.Brand, f.Brand),
		Groups:   []ui.EntryGroup{{Entries: f.entries(ctx, pg.Area)}},
		Person:   f.Who.Name, Role: RoleName(ctx, f.Role),
		Account: Path(slug, "settings", "account"), SignOut: "/studio/sign-out", ThemeSet: "/studio/theme",
		Ribbons: f.ribbons(ctx),
		Stream:  "/studio/live", Search: Path(slug, "palette"),
		Acts: f.acts(ctx),
	}
	if f.Owns {
		args.AddBrand = brandNew
	}
	if f.MayHold && !f.Brand.Held {
		args.Switch = &ui.ButtonArgs{Label: i18n.T(ctx, "Hold everything"), Icon: "octagon-pause", Attrs: ui.Opens(holdID)}
	}
	for _, b := range f.Brands {
		args.Brands = append(args.Brands, choice(b, f.Brand))
	}
	return args
}

// brandNew is where a brand is started.
const brandNew = "/studio/brands/new"

// holdID is the dialog that holds everything.
const holdID = "hold-everything"

func choice(b, now brand.Brand) ui.BrandChoice {
	return ui.BrandChoice{Name: b.Name, Href: Path(b.Slug), Src: LogoURL(b), Active: b.ID == now.ID}
}

func (f frame) entries(ctx context.Context, active string) []ui.Entry {
	var out []ui.Entry
	for _, a := range areas {
		if !access.Allows(f.Role, a.needs) {
			continue
		}
		e := ui.Entry{Label: i18n.T(ctx, a.label), Icon: a.icon, Href: Path(f.Brand.Slug, a.path...), Key: a.letter, Active: a.key == active}
		switch a.key {
		case "today":
			e.Count, e.Urgent = f.Needs, true
		case "inbox":
			e.Count = f.News
		case "community":
			e.Count, e.Urgent = f.Cases, f.Cases > 0
		case "tasks":
			e.Count, e.Urgent = f.Tasks, true
		case "notifications":
			e.Count = f.Unread
		case "channels":
			e.Count, e.Urgent = f.Broken, true
		}
		out = append(out, e)
	}
	return out
}

// ribbons are what a whole brand must know on every page.
func (f frame) ribbons(ctx context.Context) []ui.Ribbon {
	var out []ui.Ribbon
	if f.Brand.Held {
		out = append(out, f.holdRibbon(ctx))
	}
	if f.Brand.EraseAt > 0 {
		out = append(out, f.eraseRibbon(ctx))
	}
	if f.Brand.Demo {
		demo := ui.Ribbon{Text: i18n.T(ctx, "Demo brand: nothing leaves this machine."), More: i18n.T(ctx, "It speaks to the built-in demo network only."), Icon: "flask-conical"}
		if f.Owns {
			demo.Action, demo.Href = i18n.T(ctx, "Start your own"), brandNew
		}
		out = append(out, demo)
	}
	return out
}

func (f frame) holdRibbon(ctx context.Context) ui.Ribbon {
	text := i18n.T(ctx, "Everything is on hold since {{.Time}}: {{.Reason}}", "Time", i18n.DateTime(ctx, f.Hold.At.Time()), "Reason", f.Hold.Reason)
	if f.HoldBy != "" {
		text = i18n.T(ctx, "{{.Name}} put everything on hold, {{.Time}}: {{.Reason}}",
			"Name", f.HoldBy, "Time", i18n.DateTime(ctx, f.Hold.At.Time()), "Reason", f.Hold.Reason)
	}
	return ui.Ribbon{Text: text, Icon: "octagon-pause", Tone: ui.Bad, Action: i18n.T(ctx, "Release"), Href: Path(f.Brand.Slug, "hold")}
}

// acts are what ⌘K offers besides places.
func (f frame) acts(ctx context.Context) []ui.PaletteEntry {
	slug := f.Brand.Slug
	out := []ui.PaletteEntry{}
	if access.Allows(f.Role, access.PostWrite) {
		out = append(out, ui.PaletteEntry{Label: i18n.T(ctx, "New post"), Href: Path(slug, "compose"), Icon: "pen-line", Words: i18n.T(ctx, "write compose")})
	}
	if f.MayHold && !f.Brand.Held {
		out = append(out, ui.PaletteEntry{Label: i18n.T(ctx, "Hold everything"), Href: Path(slug, "hold"), Icon: "octagon-pause", Words: i18n.T(ctx, "stop crisis pause")})
	}
	if f.Brand.Held {
		out = append(out, ui.PaletteEntry{Label: i18n.T(ctx, "Release the hold"), Href: Path(slug, "hold"), Icon: "play"})
	}
	if access.Allows(f.Role, access.ChannelWrite) {
		out = append(out, ui.PaletteEntry{Label: i18n.T(ctx, "Connect a channel"), Href: Path(slug, "connect"), Icon: "plug"})
	}
	if f.Owns {
		out = append(out, ui.PaletteEntry{Label: i18n.T(ctx, "Start your own brand"), Href: brandNew, Icon: "plus"})
	}
	return out
}

// Theme is what the cookie says; the cookie follows the account at sign-in.
func Theme(r *http.Request) ui.Theme {
	c, err := r.Cookie(ui.ThemeCookie)
	if err == nil {
		return ui.ParseTheme(c.Value)
	}
	if v := At(r); v != nil {
		return ui.ParseTheme(v.Session.Theme)
	}
	return ui.ParseTheme("")
}

// Bare is the frame of pages outside of a brand.
func (s *Studio) Bare(r *http.Request, title string) ui.BareArgs {
	return ui.BareArgs{Title: title, Theme: Theme(r)}
}

// RoleName is what a role is called; "" for none.
func RoleName(ctx context.Context, role access.Role) string {
	switch role {
	case access.Owner:
		return i18n.T(ctx, "Owner")
	case access.Manager:
		return i18n.T(ctx, "Social Media Manager")
	case access.Strategist:
		return i18n.T(ctx, "Social Media Strategist")
	case access.Creator:
		return i18n.T(ctx, "Content Creator")
	case access.Analyst:
		return i18n.T(ctx, "Social Media Analyst")
	case access.Community:
		return i18n.T(ctx, "Community Manager")
	case access.Moderator:
		return i18n.T(ctx, "Moderator")
	case access.Ambassador:
		return i18n.T(ctx, "Ambassador")
	}
	return ""
}

// ReviewCount counts what posts.ReviewNeeds would list; none where the account may
// not see posts.
func (s *Studio) ReviewCount(ctx context.Context, v *Visit) (int, error) {
	review, back, err := post.WaitingCount(ctx, s.DB, v.Who, v.Brand.ID)
	if fault.Is(err, fault.Denied) {
		return 0, nil
	}
	return review + back, err
}

// LogoURL is where the brand's picture is; "" where it has none. It changes with
// the picture.
func LogoURL(b brand.Brand) string {
	if b.Logo == "" {
		return ""
	}
	name := path.Base(b.Logo)
	return Path(b.Slug, "logo") + "?v=" + strings.TrimSuffix(name, path.Ext(name))
}

// eraseRibbon says on every page that the brand is to be erased.
func (f frame) eraseRibbon(ctx context.Context) ui.Ribbon {
	return ui.Ribbon{Text: i18n.T(ctx, "Everything of this brand will be erased on {{.Date}}.", "Date", i18n.Date(ctx, f.Brand.EraseAt.Time())),
		More: i18n.T(ctx, "An owner can still keep it."), Icon: "trash-2", Tone: ui.Bad, Action: i18n.T(ctx, "See"), Href: Path(f.Brand.Slug, "settings", "data")}
}
