package moderation

import (
	"cmp"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// hosting is a page for those who set the community up.
func (p *Pages) hosting(next studio.Handler) studio.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := studio.At(r).Who.May(p.DB.Now(), studio.At(r).Brand.ID, access.CommunityWrite); err != nil {
			return err
		}
		return next(w, r)
	}
}

// communityTabs are the parts of the area.
var communityTabs = []struct {
	key, label, icon string
	needs            access.Action
}{
	{"", "To look at", "shield-check", access.TopicModerate},
	{"members", "Members", "users", access.MemberRead},
	{"spaces", "Spaces", "layers", access.CommunityWrite},
	{"searches", "Searches in vain", "search", access.CommunityWrite},
	{"pages", "Pages", "book-open", access.CommunityWrite},
	{"setup", "Set-up", "settings", access.CommunityWrite},
}

// community frames a part of the area.
func (p *Pages) community(w http.ResponseWriter, r *http.Request, tab string, status int, content templ.Component) error {
	v := studio.At(r)
	c, err := community.Of(r.Context(), p.DB, v.Brand.ID)
	if err != nil {
		return err
	}
	var entries []ui.Entry
	for _, t := range communityTabs {
		if p.May(r, t.needs) {
			entries = append(entries, ui.Entry{Label: i18n.T(r.Context(), t.label), Icon: t.icon, Href: strings.TrimSuffix(studio.Path(v.Brand.Slug, "community", t.key), "/"), Active: t.key == tab})
		}
	}
	head := ui.Head{Title: i18n.T(r.Context(), "Community"), Actions: communityActs(v.Brand.Slug, c, p.May(r, access.CommunityWrite))}
	return p.Show(w, r, studio.Page{Area: "community", Title: head.Title, Status: status, Head: head},
		ui.Sided(ui.SidedArgs{Label: i18n.T(r.Context(), "Community"), Groups: []ui.SideGroup{{Entries: entries}}, Content: content}))
}

// queueView is what needs a look.
type queueView struct {
	Slug    string
	Which   topic.Queue
	Counts  map[topic.Queue]int
	Cases   []topic.Case
	Next    string
	Rules   []string
	Now     db.Time
	First   *firstSteps // nil once the community was opened, and for who cannot open it
	After   string      // the cursor of this page
	Refused string      // id of the reply whose decision was refused
	Away    bool        // that reply is in the queue no more
	Form    entry.Form
}

// seenOf is the revision of the words that a case shows, for its form.
func seenOf(c topic.Case) string { return strconv.FormatInt(c.Reply.Revision, 10) }

// address is where a case is decided about, and which page of the queue follows.
func (v queueView) address(c topic.Case) string {
	q := url.Values{"queue": {string(v.Which)}}
	if v.After != "" {
		q.Set("after", v.After)
	}
	return studio.Path(v.Slug, "community", "cases", c.Reply.ID) + "?" + q.Encode()
}

// shown is what readers would see of a case. Its pictures come from the studio:
// a community with a host name of its own has them elsewhere.
func (v queueView) shown(c topic.Case) string {
	html := strings.ReplaceAll(c.Reply.HTML, `src="`+topic.Up+`p/`, `src="`+studio.Path(v.Slug, "community", "pictures")+`/`)
	base := "/b/" + v.Slug
	html = strings.ReplaceAll(html, `href="#`, `href="`+base+c.Topic.Path()+`#`)
	return markdown.Below(topic.Placed(html, base), 1)
}

// What a line of a case and what is shown before it is cut hold.
const (
	lineRunes, lineHeight = 80, 28
	tallLines             = 14
)

var pictureSize = regexp.MustCompile(`<img [^>]*width="(\d+)" height="(\d+)"`)

// tall reports whether a text with its pictures is higher than what is shown at
// once, as far as that is known without drawing it.
func tall(r topic.Reply) bool {
	lines := 0
	for line := range strings.Lines(r.Text) {
		lines += 1 + utf8.RuneCountInString(line)/lineRunes
	}
	for _, m := range pictureSize.FindAllStringSubmatch(r.HTML, -1) {
		width, _ := strconv.Atoi(m[1])
		height, _ := strconv.Atoi(m[2])
		if most := lineRunes * 8; width > most {
			height = height * most / width
		}
		lines += height / lineHeight
	}
	return lines > tallLines
}

// communityPicture sends a picture that a member put into what they wrote, to who
// may read it there. Browsers ask again each time: what shows it may be erased.
func (p *Pages) communityPicture(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.TopicModerate); err != nil {
		return err
	}
	voice, err := member.Of(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	pic, _, err := topic.PictureFor(r.Context(), p.DB, voice, r.PathValue("picture"))
	if err != nil {
		return err
	}
	return p.send(w, r, pic.Blob, pic.Mime, "private, no-cache")
}

func (p *Pages) send(w http.ResponseWriter, r *http.Request, key, mime, kept string) error {
	body, info, err := p.Media.Blobs.Open(r.Context(), key)
	if err != nil {
		return err
	}
	defer body.Close()
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", kept)
	http.ServeContent(w, r, "", info.Modified, body)
	return nil
}

func (p *Pages) communityQueue(w http.ResponseWriter, r *http.Request) error {
	return p.queuePage(w, r, "", entry.Form{})
}

func (p *Pages) queuePage(w http.ResponseWriter, r *http.Request, refused string, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	q := queueView{Slug: v.Brand.Slug, Which: topic.Queue(r.URL.Query().Get("queue")), Now: p.DB.Now(), Refused: refused, Form: f}
	if q.Which == "" {
		q.Which = topic.ToApprove
	}
	var err error
	if q.Counts, err = topic.CaseCounts(ctx, p.DB, v.Who, v.Brand.ID); err != nil {
		return err
	}
	q.After = r.URL.Query().Get("after")
	if q.Cases, q.Next, err = topic.Cases(ctx, p.DB, v.Who, v.Brand.ID, q.Which, studio.PageOf(r)); err != nil {
		return err
	}
	at := slices.IndexFunc(q.Cases, func(c topic.Case) bool { return c.Reply.ID == refused })
	if q.Away = refused != "" && at < 0; at >= 0 && f.Text == "" && f.Value("seen") != seenOf(q.Cases[at]) {
		q.Form.Text = fault.Say(ctx, topic.Changed())
	}
	if q.Rules, err = document.RulesOf(ctx, p.DB, v.Brand.ID); err != nil {
		return err
	}
	if q.First, err = p.first(r); err != nil {
		return err
	}
	return p.community(w, r, "", f.Status(), queuePart(q))
}

// firstSteps are what has been done of what comes before a community opens.
type firstSteps struct {
	Space, Pages, Joined bool
	Missing              []string // names of the pages that are not written
}

func (s firstSteps) all() bool { return s.Space && s.Pages && s.Joined }

// first is nil where the steps were taken or are not the reader's to take.
func (p *Pages) first(r *http.Request) (*firstSteps, error) {
	v, ctx := studio.At(r), r.Context()
	c, err := community.Of(ctx, p.DB, v.Brand.ID)
	if err != nil || c.OpenedAt > 0 || !p.May(r, access.CommunityWrite) {
		return nil, err
	}
	spaces, err := space.List(ctx, p.DB, v.Brand.ID)
	if err != nil {
		return nil, err
	}
	pages, err := document.All(ctx, p.DB, v.Brand.ID)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, name := range document.Names {
		if !slices.ContainsFunc(pages, func(d document.Document) bool { return d.Name == name }) {
			missing = append(missing, name)
		}
	}
	voice, err := member.Of(ctx, p.DB, v.Who, v.Brand.ID)
	return &firstSteps{Space: len(spaces) > 0, Pages: len(missing) == 0, Missing: missing, Joined: voice.Member.ID != ""}, err
}

// communityDecide decides about a reply.
func (p *Pages) communityDecide(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	v := studio.At(r)
	_, err = topic.Decide(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("case"), topic.RevisionOf(f.Value("seen")), topic.Act(f.Value("act")), f.Value("rule"), f.Value("reason"))
	if err != nil {
		if f.Refused(err, "reason", "rule") {
			return p.queuePage(w, r, r.PathValue("case"), f)
		}
		return err
	}
	p.Note(w, r, studio.DecidedNote(r.Context(), topic.Act(f.Value("act"))), "")
	return studio.Back(w, r, studio.Path(v.Brand.Slug, "community"))
}

// rollView is the list of members for the team.
type rollView struct {
	Slug   string
	Filter member.Filter
	Counts map[member.State]int
	Rows   []member.Member
	Next   string
	May    bool
	Looks  bool // they moderate
	People bool // they see who is known of a member elsewhere
	Rules  []string
	Now    db.Time
	Form   entry.Form
}

// face is the address of a member's picture in the studio.
func (v rollView) face(m member.Member) string {
	if m.Picture == "" {
		return ""
	}
	return studio.Path(v.Slug, "community", "members", m.ID, "picture") + "?v=" + path.Base(m.Picture)
}

// communityFace sends a member's picture.
func (p *Pages) communityFace(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.MemberRead); err != nil {
		return err
	}
	m, err := member.ByID(r.Context(), p.DB, v.Brand.ID, r.PathValue("member"))
	if err != nil {
		return err
	}
	key, mime, err := member.FaceFile(r.Context(), p.DB, v.Brand.ID, path.Base(m.Picture))
	if err != nil {
		return err
	}
	return p.send(w, r, key, mime, "private, max-age=31536000, immutable") // its address names what is in it
}

// communityFaceTake takes a member's picture away, with a reason.
func (p *Pages) communityFaceTake(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	v := studio.At(r)
	err = member.TakePicture(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("member"),
		member.Taken{Seen: f.Value("seen"), Rule: f.Value("rule"), Reason: f.Value("reason")})
	if err != nil {
		if !fault.Is(err, fault.Denied) && f.Refused(err, "reason") {
			f.Text = cmp.Or(f.Text, f.Error("reason"))
			return p.rollPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The picture is away. They read why."), "")
	return studio.Back(w, r, studio.Path(v.Brand.Slug, "community", "members"))
}

func (p *Pages) communityMembers(w http.ResponseWriter, r *http.Request) error {
	return p.rollPage(w, r, entry.Form{})
}

func (p *Pages) rollPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx, q := studio.At(r), r.Context(), r.URL.Query()
	l := rollView{Slug: v.Brand.Slug, May: p.May(r, access.MemberWrite), Looks: p.May(r, access.TopicModerate), People: p.May(r, access.PersonRead), Now: p.DB.Now(), Form: f,
		Filter: member.Filter{Query: q.Get("q"), State: member.State(q.Get("state")), Order: member.Newest}}
	if q.Get("new") == "true" {
		l.Filter.Newcomers = topic.NewcomerUntil
	}
	var err error
	if l.Counts, err = member.Counts(ctx, p.DB, v.Who, v.Brand.ID); err != nil {
		return err
	}
	if l.Filter.State == "" {
		l.Filter.State = member.Active
	}
	if l.Rows, l.Next, err = member.All(ctx, p.DB, v.Who, v.Brand.ID, l.Filter, studio.PageOf(r)); err != nil {
		return err
	}
	if l.Looks {
		if l.Rules, err = document.RulesOf(ctx, p.DB, v.Brand.ID); err != nil {
			return err
		}
	}
	return p.community(w, r, "members", f.Status(), rollPart(l))
}

// communityMember lets somebody in, refuses, suspends or trusts them.
func (p *Pages) communityMember(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	v, id := studio.At(r), r.PathValue("member")
	switch act := f.Value("act"); act {
	case "trust", "distrust":
		err = member.Trust(r.Context(), p.DB, v.Who, v.Brand.ID, id, act == "trust")
	default:
		_, err = member.Decide(r.Context(), p.DB, v.Who, v.Brand.ID, id, member.State(act), f.Value("reason"))
	}
	if err != nil {
		if f.Refused(err, "reason") {
			f.Text = cmp.Or(f.Text, f.Error("reason"))
			return p.rollPage(w, r, f)
		}
		return err
	}
	return studio.Back(w, r, studio.Path(v.Brand.Slug, "community", "members"))
}

// spacesView is the list of spaces for the team.
type spacesView struct {
	Slug string
	All  []space.Space
	Form entry.Form
}

func (p *Pages) communitySpaces(w http.ResponseWriter, r *http.Request) error {
	return p.spacesPage(w, r, entry.Fill("kind", string(space.Discussion)))
}

func (p *Pages) spacesPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	all, err := space.List(r.Context(), p.DB, studio.At(r).Brand.ID)
	if err != nil {
		return err
	}
	return p.community(w, r, "spaces", f.Status(), spacesPart(spacesView{studio.At(r).Brand.Slug, all, f}))
}

// spaceOf reads the settings of a space; closed keeps since when it is.
func (p *Pages) spaceOf(f entry.Form, closed db.Time) space.Settings {
	s := space.Settings{Name: f.Value("name"), About: f.Value("about"), Kind: space.Kind(f.Value("kind")), Hidden: f.On("hidden")}
	if f.On("closed") {
		if s.ClosedAt = closed; closed == 0 {
			s.ClosedAt = p.DB.Now()
		}
	}
	return s
}

func (p *Pages) communitySpaceAdd(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if _, err := space.Create(r.Context(), p.DB, studio.At(r).Who, studio.At(r).Brand.ID, p.spaceOf(f, 0)); err != nil {
		if f.Refused(err, "name", "about", "kind") {
			return p.spacesPage(w, r, f)
		}
		return err
	}
	return studio.See(w, r, studio.Path(studio.At(r).Brand.Slug, "community", "spaces"))
}

func (p *Pages) communitySpace(w http.ResponseWriter, r *http.Request) error {
	s, err := space.ByID(r.Context(), p.DB, studio.At(r).Brand.ID, r.PathValue("space"))
	if err != nil {
		return err
	}
	return p.spacePage(w, r, s, p.fillSpace(s))
}

func (p *Pages) fillSpace(s space.Space) entry.Form {
	return entry.Fill("name", s.Name, "about", s.About, "kind", string(s.Kind), "hidden", strconv.FormatBool(s.Hidden),
		"closed", strconv.FormatBool(s.ClosedAt > 0), "revision", strconv.FormatInt(s.Revision, 10))
}

// spaceView is one space for the team.
type spaceView struct {
	Slug   string
	Space  space.Space
	Form   entry.Form
	Keep   []account.Member // who look after it, by name
	Others []account.Member // who look after other spaces
	May    bool             // say who does
	Chosen entry.Form       // of who do
}

func (p *Pages) spacePage(w http.ResponseWriter, r *http.Request, s space.Space, f entry.Form) error {
	return p.spaceParts(w, r, s, f, entry.Form{})
}

func (p *Pages) spaceParts(w http.ResponseWriter, r *http.Request, s space.Space, f, chosen entry.Form) error {
	v := studio.At(r)
	sv := spaceView{Slug: v.Brand.Slug, Space: s, Form: f, May: p.May(r, access.TeamWrite), Chosen: chosen}
	team, err := account.Team(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	for _, m := range team {
		switch {
		case !admit.LooksAfter(m, p.DB.Now()):
		case len(m.Grant.Channels) == 0 || slices.Contains(m.Grant.Channels, s.ID):
			sv.Keep = append(sv.Keep, m)
		default:
			sv.Others = append(sv.Others, m)
		}
	}
	return p.community(w, r, "spaces", max(f.Status(), chosen.Status()), spacePart(sv))
}

// chosen are those of the team who can be chosen for the space: their part
// names what they look after.
func (v spaceView) chosen() (out []account.Member) {
	for _, m := range slices.Concat(v.Keep, v.Others) {
		if len(m.Grant.Channels) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// keeps reports whether somebody who can be chosen is.
func (v spaceView) keeps(m account.Member) bool {
	if v.Chosen.Status() >= http.StatusBadRequest {
		return v.Chosen.Has("accounts", m.ID)
	}
	return slices.Contains(m.Grant.Channels, v.Space.ID)
}

// communitySpaceModerators says who looks after a space.
func (p *Pages) communitySpaceModerators(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if err := p.Admit.LookAfter(r.Context(), v.Who, v.Brand.ID, r.PathValue("space"), f.All("accounts")); err != nil {
		if !fault.Is(err, fault.Invalid) || !f.Refused(err, "accounts") {
			return err
		}
		s, err := space.ByID(r.Context(), p.DB, v.Brand.ID, r.PathValue("space"))
		if err != nil {
			return err
		}
		return p.spaceParts(w, r, s, p.fillSpace(s), f)
	}
	p.Note(w, r, i18n.T(r.Context(), "Saved. It holds at once."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "community", "spaces", r.PathValue("space")))
}

func (p *Pages) communitySpaceSave(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	v := studio.At(r)
	s, err := space.ByID(r.Context(), p.DB, v.Brand.ID, r.PathValue("space"))
	if err != nil {
		return err
	}
	revision, _ := strconv.ParseInt(f.Value("revision"), 10, 64)
	if _, err := space.Change(r.Context(), p.DB, v.Who, v.Brand.ID, s.ID, revision, p.spaceOf(f, s.ClosedAt)); err != nil {
		if f.Refused(err, "name", "about", "kind") {
			return p.spacePage(w, r, s, f)
		}
		return err
	}
	return studio.See(w, r, studio.Path(v.Brand.Slug, "community", "spaces"))
}

// communitySpaceMove moves a space up or down in the order.
func (p *Pages) communitySpaceMove(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	v := studio.At(r)
	all, err := space.List(r.Context(), p.DB, v.Brand.ID)
	if err != nil {
		return err
	}
	ids := make([]string, len(all))
	for i, s := range all {
		ids[i] = s.ID
	}
	from := slices.Index(ids, r.PathValue("space"))
	to := from - 1
	if f.Value("way") == "down" {
		to = from + 1
	}
	if from < 0 {
		return space.Missing()
	}
	if to >= 0 && to < len(ids) {
		ids[from], ids[to] = ids[to], ids[from]
	}
	if err := space.Order(r.Context(), p.DB, v.Who, v.Brand.ID, ids); err != nil {
		return err
	}
	return studio.See(w, r, studio.Path(v.Brand.Slug, "community", "spaces"))
}

// papersView is the list of pages everybody can read.
type papersView struct {
	Slug string
	All  map[string]document.Document
}

func (p *Pages) communityPapers(w http.ResponseWriter, r *http.Request) error {
	all, err := document.All(r.Context(), p.DB, studio.At(r).Brand.ID)
	if err != nil {
		return err
	}
	v := papersView{studio.At(r).Brand.Slug, map[string]document.Document{}}
	for _, d := range all {
		v.All[d.Name] = d
	}
	return p.community(w, r, "pages", 0, papersPart(v))
}

// communityPaper shows a page to write; a starting text where it is not yet.
func (p *Pages) communityPaper(w http.ResponseWriter, r *http.Request) error {
	v, name := studio.At(r), r.PathValue("paper")
	d, err := document.Current(r.Context(), p.DB, v.Brand.ID, name)
	if fault.Is(err, fault.NotFound) && slices.Contains(document.Names, name) {
		d, err = document.Document{Text: document.Template(name, v.Brand.Language)}, nil
	}
	if err != nil {
		return err
	}
	return p.paperPage(w, r, name, entry.Fill("text", d.Text, "version", strconv.FormatInt(d.Version, 10), "binding", "true"))
}

func (p *Pages) paperPage(w http.ResponseWriter, r *http.Request, name string, f entry.Form) error {
	return p.community(w, r, "pages", f.Status(), paperPart(studio.At(r).Brand.Slug, name, f))
}

func (p *Pages) communityPaperSave(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	v, name := studio.At(r), r.PathValue("paper")
	version, _ := strconv.ParseInt(f.Value("version"), 10, 64)
	if _, err := document.Write(r.Context(), p.DB, v.Who, v.Brand.ID, name, version, f.Raw("text"), f.On("binding")); err != nil {
		if f.Refused(err, "text") {
			return p.paperPage(w, r, name, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The new version is there for everybody."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "community", "pages"))
}

func (p *Pages) communitySetup(w http.ResponseWriter, r *http.Request) error {
	c, err := community.Of(r.Context(), p.DB, studio.At(r).Brand.ID)
	if err != nil {
		return err
	}
	return p.setupPage(w, r, entry.Fill("host", c.Host, "intro", c.Intro, "joining", string(c.Joining), "questions", strings.Join(c.Questions, "\n"),
		"first_posts", strconv.Itoa(c.FirstPosts), "links_wait", strconv.FormatBool(c.LinksWait), "revision", strconv.FormatInt(c.Revision, 10)))
}

func (p *Pages) setupPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	return p.community(w, r, "setup", f.Status(), setupPart(studio.At(r).Brand.Slug, f))
}

func (p *Pages) communitySetupSave(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(f.Value("first_posts"))
	if err != nil {
		first = -1 // it says what fits
	}
	revision, _ := strconv.ParseInt(f.Value("revision"), 10, 64)
	_, err = community.Change(r.Context(), p.DB, studio.At(r).Who, studio.At(r).Brand.ID, revision, community.Settings{Host: f.Value("host"), Intro: f.Value("intro"),
		Joining: community.Joining(f.Value("joining")), Questions: strings.Split(strings.ReplaceAll(f.Value("questions"), "\r\n", "\n"), "\n"), FirstPosts: first, LinksWait: f.On("links_wait")})
	if err != nil {
		if f.Refused(err, "host", "intro", "joining", "questions", "first_posts") {
			return p.setupPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Saved."), "")
	return studio.See(w, r, studio.Path(studio.At(r).Brand.Slug, "community", "setup"))
}

// communityOpenAsk says what opening or closing the community does, before it is
// done.
func (p *Pages) communityOpenAsk(w http.ResponseWriter, r *http.Request) error {
	steps, err := p.first(r)
	if err != nil {
		return err
	}
	return p.community(w, r, "", http.StatusOK, openPart(studio.At(r).Brand.Slug, steps))
}

// communityOpen opens the community to everybody, or shuts it.
func (p *Pages) communityOpen(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if _, err := community.Show(r.Context(), p.DB, studio.At(r).Who, studio.At(r).Brand.ID, f.On("open")); err != nil {
		return err
	}
	note := i18n.T(r.Context(), "The community is closed. Only the team sees it.")
	if f.On("open") {
		note = i18n.T(r.Context(), "The community is open to everybody.")
	}
	p.Note(w, r, note, "")
	return studio.Back(w, r, studio.Path(studio.At(r).Brand.Slug, "community"))
}
