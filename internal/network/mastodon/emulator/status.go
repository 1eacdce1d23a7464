package emulator

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/network/networktest/wire"
)

// Status is something published.
type Status struct {
	ID         string
	Account    string // acct of who wrote it
	Text       string // as it was sent
	Warning    string
	Sensitive  bool
	Visibility string
	Language   string
	Media      []string // ids
	Parent     string   // id of what it answers
	Boosts     string   // id of what it shares on; all else is then empty
	At         time.Time
	EditedAt   time.Time
	Removed    bool

	author   *account
	replied  *account // whom it answers
	mentions []*account
	poll     *poll
	likes    []*account
	boosts   map[string]*Status // by account id
	replies  []*Status
	app      *app
}

type poll struct {
	options  []string
	multiple bool
	until    time.Time
}

// spentKey is a key that has published something.
type spentKey struct {
	status *Status
	at     time.Time
}

// keyLife is how long a key is remembered.
const keyLife = time.Hour

var visibilities = []string{"public", "unlisted", "private", "direct"}

func (s *Server) createStatus(c *call) (int, any, *problem) {
	now, key := s.options.Now(), c.r.Header.Get("Idempotency-Key")
	if key != "" && !s.options.IgnoreIdempotency {
		if first, ok := s.keys[c.who.id+" "+key]; ok && now.Sub(first.at) < keyLife {
			if first.status.Removed {
				return 0, nil, notFound
			}
			wire.Note(c.r.Context(), "repeated", first.status.ID)
			return http.StatusOK, s.statusEntity(c.place, c.who, first.status), nil
		}
	}
	st, no := s.drafted(c)
	if no != nil {
		return 0, nil, no
	}
	s.publish(c.place, st)
	if key != "" {
		s.keys[c.who.id+" "+key] = spentKey{st, now}
	}
	wire.Note(c.r.Context(), wire.Published, st.ID)
	return http.StatusOK, s.statusEntity(c.place, c.who, st), nil
}

// drafted makes a status of a request, or says in Mastodon's words why not.
func (s *Server) drafted(c *call) (*Status, *problem) {
	if no := c.texts("status", "spoiler_text", "visibility", "language", "in_reply_to_id", "media_ids[]", "scheduled_at", "quoted_status_id", "quote_approval_policy"); no != nil {
		return nil, no
	}
	st := &Status{author: c.who, Account: c.who.Acct(), Visibility: cmp.Or(c.Get("visibility"), "public"), Language: language(c.Get("language")), app: c.token.app}
	if !slices.Contains(visibilities, st.Visibility) {
		return nil, refuse("visibility", "Validation failed: Visibility is not included in the list")
	}
	if c.Get("scheduled_at") != "" || c.Get("quoted_status_id") != "" {
		return nil, refuse("not_emulated", "Scheduling and quoting are not emulated here")
	}
	if no := s.answered(c, st); no != nil {
		return nil, no
	}
	if no := s.attach(c, st); no != nil {
		return nil, no
	}
	if no := s.ask(c, st); no != nil {
		return nil, no
	}
	return st, s.write(c.params, st)
}

// write sets the text, the warning and whether the media are covered.
func (s *Server) write(p params, st *Status) *problem {
	sensitive, _, no := p.flag("sensitive")
	if no != nil {
		return no
	}
	st.Text, st.Warning = strings.TrimSpace(p.Get("status")), strings.TrimSpace(p.Get("spoiler_text"))
	if st.Text == "" && st.Warning != "" {
		st.Text, st.Warning = st.Warning, ""
		sensitive = true
	}
	st.Sensitive = sensitive || st.Warning != ""
	return s.measure(st)
}

func (s *Server) measure(st *Status) *problem {
	switch {
	case st.Text == "" && len(st.Media) == 0:
		return refuse("empty", "Validation failed: Text can't be blank")
	case len(st.Text)+len(st.Warning) > 64*s.options.TextLimit, countable(st.Warning, st.Text) > s.options.TextLimit:
		return refuse("text_too_long", "Validation failed: Text character limit of %d exceeded", s.options.TextLimit)
	}
	return nil
}

var languageRule = regexp.MustCompile(`^[a-z]{2,3}$`)

// languages with a region that Mastodon knows apart.
var regional = []string{"zh-CN", "zh-HK", "zh-TW", "zh-YUE", "pt-BR", "pt-PT", "fr-CA", "es-AR", "es-MX", "nan-TW", "sr-Latn", "en-GB"}

// language keeps what Mastodon knows, cuts off a region it does not know, and
// takes the account's own where it understands nothing.
func language(tag string) string {
	if slices.Contains(regional, tag) {
		return tag
	}
	if short, _, _ := strings.Cut(tag, "-"); languageRule.MatchString(short) {
		return short
	}
	return "en"
}

func (s *Server) answered(c *call, st *Status) *problem {
	id := c.Get("in_reply_to_id")
	if id == "" {
		return nil
	}
	above := s.statuses[id]
	if above == nil || !s.sees(c.who, above) {
		return (&problem{code: "parent_unknown", text: "The post you are trying to reply to does not appear to exist."}).with(http.StatusNotFound)
	}
	if above.Boosts != "" {
		above = s.statuses[above.Boosts]
	}
	st.Parent, st.replied = above.ID, above.author
	return nil
}

// attach takes media that are ready, the account's own, and not used yet.
func (s *Server) attach(c *call, st *Status) *problem {
	ids := c.Values["media_ids[]"]
	if len(c.Values["media_ids"]) > 0 {
		return refuse("wrong_type", "Validation failed: media_ids must be a list")
	}
	polled := len(c.Values["poll[options][]"]) > 0
	if len(ids) > s.options.MediaLimit || len(ids) > 0 && polled {
		return refuse("too_many_media", "Cannot attach more than %d files", s.options.MediaLimit)
	}
	return s.usable(c.who, ids, st)
}

func (s *Server) usable(a *account, ids []string, st *Status) *problem {
	films := 0
	for _, id := range ids {
		m := s.media[id]
		if m == nil || m.owner != a || m.status != nil && m.status != st {
			return refuse("media_unknown", "Media %s not found or already attached to another post", id)
		}
		if m.moving() {
			films++
		}
	}
	if films > 0 && len(ids) > 1 {
		return refuse("media_mixed", "Cannot attach a video to a post that already contains images")
	}
	for _, id := range ids {
		if s.media[id].processing(s.options.Now()) {
			return refuse("media_processing", "Cannot attach files that have not finished processing. Try again in a moment!")
		}
	}
	st.Media = slices.Clone(ids)
	return nil
}

// ask makes the poll.
func (s *Server) ask(c *call, st *Status) *problem {
	options := c.Values["poll[options][]"]
	if len(options) == 0 {
		return nil
	}
	seconds, err := strconv.Atoi(c.Get("poll[expires_in]"))
	switch {
	case err != nil:
		return refuse("poll", "Validation failed: Expires at can't be blank")
	case len(options) < 2:
		return refuse("poll", "Validation failed: Options must have more than one item")
	case len(options) > 4:
		return refuse("poll", "Validation failed: Options can't contain more than 4 items")
	case seconds < 300:
		return refuse("poll", "Validation failed: Expires at is too soon")
	case seconds > 2629746:
		return refuse("poll", "Validation failed: Expires at is too far into the future")
	}
	seen := map[string]bool{}
	for _, o := range options {
		if len([]rune(o)) > 50 || strings.TrimSpace(o) == "" || seen[o] {
			return refuse("poll", "Validation failed: Options can't be blank, twice the same or longer than 50 characters")
		}
		seen[o] = true
	}
	multiple, _, no := c.flag("poll[multiple]")
	st.poll = &poll{options: options, multiple: multiple, until: s.options.Now().Add(time.Duration(seconds) * time.Second)}
	return no
}

// publish puts a status on the server and tells whom it concerns.
func (s *Server) publish(p place, st *Status) {
	now := s.options.Now()
	st.ID, st.At, st.boosts = s.nextID(now), now.UTC().Truncate(time.Millisecond), map[string]*Status{}
	s.published++
	s.statuses[st.ID] = st
	s.recent = append(s.recent, st)
	st.author.statuses = append(st.author.statuses, st)
	for _, id := range st.Media {
		s.media[id].status = st
	}
	if above := s.statuses[st.Parent]; above != nil {
		above.replies = append(above.replies, st)
	}
	st.mentions = s.mentionsIn(p, st.Text)
	for _, a := range st.mentions {
		s.notify(a, "mention", st.author, st)
	}
	s.toHomes(st, "update")
}

// mentionsIn are the accounts a text names, each once.
func (s *Server) mentionsIn(p place, text string) []*account {
	var out []*account
	for _, r := range parse(text) {
		if a := s.mentioned(p, r); a != nil && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// sees reports whether an account, nil for anybody, may read a status.
func (s *Server) sees(viewer *account, st *Status) bool {
	if st.Boosts != "" {
		boosted := s.statuses[st.Boosts]
		return boosted != nil && s.sees(viewer, boosted)
	}
	switch {
	case st.Visibility == "public" || st.Visibility == "unlisted":
		return true
	case viewer == nil:
		return false
	case viewer == st.author || slices.Contains(st.mentions, viewer):
		return true
	}
	return st.Visibility == "private" && viewer.follows[st.author.id]
}

// status returns the one a request is about, where its caller may see it.
func (s *Server) status(c *call) (*Status, *problem) {
	st := s.statuses[c.r.PathValue("id")]
	if st == nil || !s.sees(c.who, st) {
		return nil, notFound
	}
	return st, nil
}

// own is status for those that only its author may touch.
func (s *Server) own(c *call) (*Status, *problem) {
	st, no := s.status(c)
	if no == nil && st.author != c.who {
		return nil, notFound
	}
	return st, no
}

func (s *Server) showStatus(c *call) (int, any, *problem) {
	st, no := s.status(c)
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, s.statusEntity(c.place, c.who, st), nil
}

// mostAtOnce is how many statuses may be asked for by their ids.
const mostAtOnce = 20

func (s *Server) showStatuses(c *call) (int, any, *problem) {
	ids := c.Values["id[]"]
	if len(ids) > mostAtOnce {
		return 0, nil, refuse("too_many_ids", "Validation failed: at most %d ids", mostAtOnce)
	}
	out := []any{}
	for _, id := range ids {
		if st := s.statuses[id]; st != nil && s.sees(c.who, st) {
			out = append(out, s.statusEntity(c.place, c.who, st))
		}
	}
	return http.StatusOK, out, nil
}

func (s *Server) showSource(c *call) (int, any, *problem) {
	st, no := s.own(c)
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, object{"id": st.ID, "text": st.Text, "spoiler_text": st.Warning}, nil
}

// deleteStatus answers with the text, so that it can be written anew.
func (s *Server) deleteStatus(c *call) (int, any, *problem) {
	st, no := s.own(c)
	if no != nil {
		return 0, nil, no
	}
	out := s.statusEntity(c.place, c.who, st)
	out["text"] = st.Text
	s.remove(st)
	return http.StatusOK, out, nil
}

// remove takes a status off, with what was shared on of it and the
// notifications about it. Answers to it stay and answer nothing.
func (s *Server) remove(st *Status) {
	s.toHomes(st, "delete")
	st.Removed = true
	delete(s.statuses, st.ID)
	for _, id := range st.Media {
		s.media[id].status = nil
	}
	for _, boost := range st.boosts {
		s.remove(boost)
	}
	if of := s.statuses[st.Boosts]; of != nil {
		delete(of.boosts, st.author.id)
	}
	for _, a := range s.accounts {
		a.inbox = slices.DeleteFunc(a.inbox, func(n *notification) bool { return n.status == st })
	}
	for _, below := range st.replies {
		below.Parent, below.replied = "", nil
	}
	if above := s.statuses[st.Parent]; above != nil {
		above.replies = slices.DeleteFunc(above.replies, func(r *Status) bool { return r == st })
	}
}

func (s *Server) changeStatus(c *call) (int, any, *problem) {
	st, no := s.own(c)
	if no != nil {
		return 0, nil, no
	}
	if no := c.texts("status", "spoiler_text", "language", "media_ids[]"); no != nil {
		return 0, nil, no
	}
	next := *st
	if ids, given := c.Values["media_ids[]"]; given {
		if len(ids) > s.options.MediaLimit {
			return 0, nil, refuse("too_many_media", "Cannot attach more than %d files", s.options.MediaLimit)
		}
		if no := s.usable(c.who, ids, st); no != nil {
			return 0, nil, no
		}
		next.Media = ids
	}
	if no := s.write(c.params, &next); no != nil {
		return 0, nil, no
	}
	if tag := c.Get("language"); tag != "" {
		next.Language = language(tag)
	}
	if no := s.describeAgain(c, &next); no != nil {
		return 0, nil, no
	}
	s.change(c.place, st, next)
	return http.StatusOK, s.statusEntity(c.place, c.who, st), nil
}

// describeAgain changes descriptions of attached media: media_attributes are
// objects in a list, and a form gives their fields in turn.
func (s *Server) describeAgain(c *call, st *Status) *problem {
	ids, texts := c.Values["media_attributes[][id]"], c.Values["media_attributes[][description]"]
	if len(texts) > 0 && len(ids) != len(texts) {
		return refuse("media_attributes", "Validation failed: give an id and a description for each of media_attributes")
	}
	for i, text := range texts {
		m := s.media[ids[i]]
		if m == nil || !slices.Contains(st.Media, m.ID) {
			return refuse("media_unknown", "Media %s not found or already attached to another post", ids[i])
		}
		if no := m.describe(text, s.options.AltLimit); no != nil {
			return no
		}
	}
	return nil
}

// change makes st what next is, notes the instant and tells whom it concerns.
func (s *Server) change(p place, st *Status, next Status) {
	named := st.mentions
	st.Text, st.Warning, st.Sensitive, st.Language = next.Text, next.Warning, next.Sensitive, next.Language
	st.EditedAt = s.options.Now().UTC().Truncate(time.Millisecond)
	for _, id := range st.Media {
		s.media[id].status = nil
	}
	st.Media = next.Media
	for _, id := range st.Media {
		s.media[id].status = st
	}
	st.mentions = s.mentionsIn(p, st.Text)
	for _, a := range st.mentions {
		if !slices.Contains(named, a) {
			s.notify(a, "mention", st.author, st)
		}
	}
	for _, boost := range st.boosts {
		s.notify(boost.author, "update", st.author, st)
	}
	s.toHomes(st, "status.update")
}

func (s *Server) favouriteStatus(c *call) (int, any, *problem) {
	st, no := s.status(c)
	if no != nil {
		return 0, nil, no
	}
	s.like(c.who, st)
	return http.StatusOK, s.statusEntity(c.place, c.who, st), nil
}

func (s *Server) like(a *account, st *Status) {
	if !slices.Contains(st.likes, a) {
		st.likes = append(st.likes, a)
		s.notify(st.author, "favourite", a, st)
	}
}

func (s *Server) unfavouriteStatus(c *call) (int, any, *problem) {
	st, no := s.status(c)
	if no != nil {
		return 0, nil, no
	}
	st.likes = slices.DeleteFunc(st.likes, func(a *account) bool { return a == c.who })
	return http.StatusOK, s.statusEntity(c.place, c.who, st), nil
}

func (s *Server) reblogStatus(c *call) (int, any, *problem) {
	st, no := s.status(c)
	if no != nil {
		return 0, nil, no
	}
	if v := c.Get("visibility"); v != "" && !slices.Contains(visibilities[:3], v) {
		return 0, nil, refuse("visibility", "Validation failed: Visibility is not included in the list")
	}
	boost, no := s.boost(c.place, c.who, st)
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, s.statusEntity(c.place, c.who, boost), nil
}

// boost shares a status on; doing it twice is doing it once.
func (s *Server) boost(p place, a *account, st *Status) (*Status, *problem) {
	if st.Boosts != "" {
		st = s.statuses[st.Boosts]
	}
	if st.Visibility == "direct" || st.Visibility == "private" && st.author != a {
		return nil, notFound
	}
	if old := st.boosts[a.id]; old != nil {
		return old, nil
	}
	boost := &Status{author: a, Account: a.Acct(), Visibility: st.Visibility, Boosts: st.ID, Language: st.Language}
	s.publish(p, boost)
	s.published-- // nothing new was said
	st.boosts[a.id] = boost
	s.notify(st.author, "reblog", a, st)
	return boost, nil
}

func (s *Server) lookupAccount(c *call) (int, any, *problem) {
	name := strings.ToLower(strings.TrimPrefix(c.Get("acct"), "@"))
	a := s.names[strings.TrimSuffix(name, "@"+strings.ToLower(c.place.domain))]
	if a == nil {
		return 0, nil, notFound
	}
	return http.StatusOK, s.accountEntity(c.place, a), nil
}

func (s *Server) listStatuses(c *call) (int, any, *problem) {
	a := s.accounts[c.r.PathValue("id")]
	if a == nil {
		return 0, nil, notFound
	}
	if tag := c.Get("tagged"); tag != "" {
		return 0, nil, refuse("not_emulated", "The parameter tagged is not emulated here")
	}
	set := map[string]bool{}
	for _, name := range []string{"exclude_reblogs", "exclude_replies", "only_media", "pinned"} {
		v, _, no := c.flag(name)
		if no != nil {
			return 0, nil, no
		}
		set[name] = v
	}
	var list []*Status
	for _, st := range a.statuses {
		if !st.Removed && s.sees(c.who, st) && wanted(st, set) {
			list = append(list, st)
		}
	}
	cut, no := paged(c, list, func(st *Status) string { return st.ID }, 20, 40)
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, s.statusEntities(c, cut), nil
}

// wanted: answers to oneself are no replies in this list.
func wanted(st *Status, set map[string]bool) bool {
	return !(set["exclude_reblogs"] && st.Boosts != "" ||
		set["exclude_replies"] && st.Parent != "" && st.replied != st.author ||
		set["only_media"] && len(st.Media) == 0 || set["pinned"])
}

func (s *Server) statusEntities(c *call, list []*Status) []any {
	out := []any{}
	for _, st := range list {
		out = append(out, s.statusEntity(c.place, c.who, st))
	}
	return out
}

// The most a thread shows to a person with a token, and to anybody.
const (
	mostShown    = 4096
	mostAbove    = 40
	mostBelow    = 60
	deepestBelow = 20
)

func (s *Server) showContext(c *call) (int, any, *problem) {
	st, no := s.status(c)
	if no != nil {
		return 0, nil, no
	}
	above, below, depth := mostAbove, mostBelow, deepestBelow
	if c.who != nil {
		above, below, depth = mostShown, mostShown, mostShown
	}
	var up []*Status
	for at := s.statuses[st.Parent]; at != nil && len(up) < above; at = s.statuses[at.Parent] {
		if s.sees(c.who, at) {
			up = append(up, at)
		}
	}
	slices.Reverse(up)
	var down []*Status
	s.collect(c.who, st, depth, below, &down)
	return http.StatusOK, object{"ancestors": s.statusEntities(c, up), "descendants": s.statusEntities(c, down)}, nil
}

// collect walks what answers st, depth first.
func (s *Server) collect(viewer *account, st *Status, depth, most int, out *[]*Status) {
	for _, below := range st.replies {
		if depth == 0 || len(*out) >= most {
			return
		}
		if s.sees(viewer, below) {
			*out = append(*out, below)
		}
		s.collect(viewer, below, depth-1, most, out)
	}
}

// url is the status's page, for people.
func (st *Status) url(p place) string { return st.author.url(p) + "/" + st.ID }

func (st *Status) uri(p place) string { return st.author.uri(p) + "/statuses/" + st.ID }

// statusEntity is a status as programs see it.
func (s *Server) statusEntity(p place, viewer *account, st *Status) object {
	e := object{
		"id": st.ID, "created_at": stamp(st.At), "edited_at": nil, "uri": st.uri(p), "url": st.url(p), "account": s.accountEntity(p, st.author),
		"content": s.content(p, st.Text), "spoiler_text": st.Warning, "sensitive": st.Sensitive, "visibility": st.Visibility, "language": st.Language,
		"in_reply_to_id": nil, "in_reply_to_account_id": nil, "reblog": nil, "poll": nil, "card": nil, "application": nil,
		"media_attachments": s.mediaEntities(p, st.Media), "mentions": mentionEntities(p, st.mentions), "tags": tagEntities(p, st.Text),
		"emojis": []any{}, "replies_count": len(st.replies), "reblogs_count": len(st.boosts), "favourites_count": len(st.likes), "quotes_count": 0,
		"quote": nil, "quote_approval": object{"automatic": []any{}, "manual": []any{}, "current_user": "denied"},
	}
	if !st.EditedAt.IsZero() {
		e["edited_at"] = stamp(st.EditedAt)
	}
	if st.Parent != "" {
		e["in_reply_to_id"], e["in_reply_to_account_id"] = st.Parent, st.replied.id
	}
	if st.poll != nil {
		e["poll"] = s.pollEntity(st)
	}
	if st.app != nil {
		e["application"] = object{"name": st.app.name, "website": st.app.website()}
	}
	if viewer != nil {
		e["favourited"], e["reblogged"] = slices.Contains(st.likes, viewer), st.boosts[viewer.id] != nil
		e["muted"], e["bookmarked"], e["filtered"] = false, false, []any{}
	}
	if of := s.statuses[st.Boosts]; of != nil {
		e["reblog"], e["content"] = s.statusEntity(p, viewer, of), s.content(p, of.Text)
	}
	return e
}

func mentionEntities(p place, list []*account) []any {
	out := []any{}
	for _, a := range list {
		out = append(out, object{"id": a.id, "username": a.Name, "acct": a.Acct(), "url": a.url(p)})
	}
	return out
}

func tagEntities(p place, text string) []any {
	out, seen := []any{}, map[string]bool{}
	for _, r := range parse(text) {
		if name := strings.ToLower(r.name); r.kind == tagEntity && !seen[name] {
			seen[name] = true
			out = append(out, object{"name": name, "url": p.base + "/tags/" + name})
		}
	}
	return out
}

func (s *Server) pollEntity(st *Status) object {
	options := []any{}
	for _, o := range st.poll.options {
		options = append(options, object{"title": o, "votes_count": 0})
	}
	return object{"id": fmt.Sprint(st.ID), "expires_at": stamp(st.poll.until), "expired": s.options.Now().After(st.poll.until),
		"multiple": st.poll.multiple, "votes_count": 0, "voters_count": 0, "voted": false, "own_votes": []any{}, "options": options, "emojis": []any{}}
}
