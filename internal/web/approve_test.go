package web_test

import (
	"net/http"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/channel"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/web/webtest"
)

// reviewDesk is a brand that asks for approval, with an owner, a creator and
// a manager.
type reviewDesk struct {
	*webtest.Site
	t                       *testing.T
	c                       channel.Channel
	owner, creator, manager account.Account
}

func newReviewDesk(t *testing.T) *reviewDesk {
	s := webtest.New(t)
	d := &reviewDesk{Site: s, t: t, c: s.Connect("north"), owner: s.Account}
	d.creator, d.manager = d.member("cleo@example.com", "Cleo Marin", access.Creator), d.member("max@example.com", "Max Oda", access.Manager)
	if _, err := post.SetRule(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Rule{Mode: post.RuleAlways, Remind: 4 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *reviewDesk) member(email, name string, role access.Role) account.Account {
	d.t.Helper()
	a := d.NewAccount(email, name)
	if err := account.Give(d.t.Context(), d.DB, d.Who(), a.ID, access.Grant{Brand: d.Brand.ID, Role: role}); err != nil {
		d.t.Fatal(err)
	}
	return a
}

// draft is one of the creator's, who is signed in then.
func (d *reviewDesk) draft(text string) post.Post {
	d.t.Helper()
	d.SignIn(d.creator)
	p, err := post.Draft(d.t.Context(), d.DB, d.Who(), d.Brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: text}}},
		Variants: []post.Variant{{Channel: d.c.ID}}, PlannedAt: d.DB.Now().Add(48 * time.Hour)})
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *reviewDesk) seen(page *webtest.Page, form string) []string {
	return []string{"revision", page.Attr(form+" input[name=revision]", "value"), "planned", page.Attr(form+" input[name=planned]", "value")}
}

func TestApprovalOnPages(t *testing.T) {
	d := newReviewDesk(t)
	p := d.draft("The autumn roast is here")
	d.Get(d.Path("posts", p.ID, "edit")).Is(200).Has("button[value=submit]", "Submit for approval").Lacks("button[value=schedule]").
		Has(".notice", "asks for approval")
	page := d.Get(d.Path("posts", p.ID)).Is(200).Has("#review", "Submit for approval").Lacks("form[action$='/approve']")
	page = d.Follow(d.Post(d.Path("posts", p.ID, "submit"), append(d.seen(page, "#review"), "note", "For Friday")...)).Is(200).
		Has(".toast", "Submitted").Has("#review", "In review", "Cleo Marin", "For Friday").Has("form[action$='/withdraw']").Lacks("form[action$='/approve']")

	d.SignIn(d.manager)
	d.Get(d.Path()).Is(200).Has("#review-"+p.ID, "in review", "autumn roast", "Cleo Marin", "Read and decide").Has(".nav-count[data-urgent]", "1")
	d.Get(d.Path("attention")).Is(200).Has("#review-"+p.ID, "Read and decide")
	d.Get(d.Path("posts")+"?state=in_review").Is(200).Has("tbody", "autumn roast", "in review").Has("button[value=approve]")
	d.Get(d.Path("posts", p.ID, "edit")).Is(200).Has(".notice", "in review").Lacks("[data-save]")
	page = d.Get(d.Path("posts", p.ID)).Is(200).Has("form[action$='/approve']", "Approve and schedule").Has("form[action$='/send-back']").Has("dl", "Approve by")
	back := d.seen(page, "form[action$='/send-back']")
	d.Post(d.Path("posts", p.ID, "send-back"), append(back, "comment", " ")...).Is(http.StatusUnprocessableEntity).Has("#comment-error", "what is to change")
	d.Follow(d.Post(d.Path("posts", p.ID, "send-back"), append(back, "comment", "Name the price")...)).Is(200).Has("#review", "Sent back", "Max Oda", "Name the price")

	d.SignIn(d.creator)
	d.Get(d.Path()).Is(200).Has("#review-"+p.ID, "sent back", "Name the price", "Read and change")
	d.Get(d.Path("posts")).Has("tbody", "sent back")
	if _, err := post.Save(t.Context(), d.DB, d.Who(), d.Brand.ID, p.ID, 1, post.Input{Body: post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: "The autumn roast is here, at 9 euros"}}}, Variants: p.Variants, PlannedAt: p.PlannedAt}); err != nil {
		t.Fatal(err)
	}
	d.Follow(d.Post(d.Path("posts", p.ID, "submit"), "revision", "2")).Is(200).Has("#review", "In review")

	d.SignIn(d.manager)
	d.Post(d.Path("posts", p.ID, "approve"), "revision", "1").Is(http.StatusConflict).Has(".notice", "Read the newer text first")
	page = d.Get(d.Path("posts", p.ID))
	d.Follow(d.Post(d.Path("posts", p.ID, "approve"), d.seen(page, "form[action$='/approve']")...)).Is(200).Has(".toast", "Approved. It goes out").
		Has(".way", "scheduled").Has("dl", "Approved by", "Max Oda").Has("#review-story", "Submitted for approval", "Sent back", "Approved", "Revision 2")
	d.Get(d.Path()).Lacks("#review-" + p.ID)

	// What the author changes now must be approved again.
	d.SignIn(d.creator)
	d.Get(d.Path("posts", p.ID, "edit")).Is(200).Has(".notice", "takes it off the plan").Has("button[value=submit]", "Save and submit again").Lacks("button[value=update]")
	if _, err := post.Save(t.Context(), d.DB, d.Who(), d.Brand.ID, p.ID, 2, post.Input{Body: post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: "The autumn roast is here, at 8 euros"}}}, Variants: p.Variants}); err != nil {
		t.Fatal(err)
	}
	d.Get(d.Path("posts", p.ID)).Is(200).Has(".notice", "draft").Has("#since ins", "8").Has("#since del", "9").Has("#review-story", "must be approved again")
}

func TestSuggestionsOnPages(t *testing.T) {
	d := newReviewDesk(t)
	p := d.draft("Our coffe is good")
	d.Post(d.Path("posts", p.ID, "submit"), "revision", "1")
	d.Get(d.Path("posts", p.ID)).Lacks("a[href$='/suggest']")
	d.SignIn(d.manager)
	d.Get(d.Path("posts", p.ID)).Has("a[href$='/suggest']", "Suggest an edit")
	d.Get(d.Path("posts", p.ID, "suggest")).Is(200).Has("textarea[name='text.all.0']", "Our coffe is good")
	d.Post(d.Path("posts", p.ID, "suggest"), "revision", "1", "text.all.0", "Our coffe is good", "note", "Hm").Is(http.StatusUnprocessableEntity).
		Has(".notice", "Change something").Has("textarea[name=note]", "Hm")
	page := d.Follow(d.Post(d.Path("posts", p.ID, "suggest"), "revision", "1", "text.all.0", "Our coffee is good", "note", "A letter is missing")).Is(200).
		Has("[id^=suggestion-]", "Max Oda suggests an edit", "A letter is missing").Has("ins", "coffee").Has("del", "coffe").Lacks("button[value=take]")
	d.SignIn(d.creator)
	take := page.Attr("[id^=suggestion-] form", "action")
	d.Follow(d.Post(take, "choice", "take")).Is(200).Has(".toast", "stays in review").Has(".version", "Our coffee is good")
	d.Post(take, "choice", "take").Is(http.StatusConflict).Has(".notice", "decided about this")
}

func TestApprovedWaitsForATimeOnPages(t *testing.T) {
	d := newReviewDesk(t)
	p := d.draft("No hurry")
	if _, err := post.Move(t.Context(), d.DB, d.Who(), d.Brand.ID, p.ID, 0); err != nil {
		t.Fatal(err)
	}
	d.Post(d.Path("posts", p.ID, "submit"), "revision", "1")
	d.SignIn(d.manager)
	d.Follow(d.Post(d.Path("posts", p.ID, "approve"), "revision", "1", "planned", "0")).Is(200).Has(".toast", "needs a time").Has("#review", "Approved", "Goes out at")
	d.Post(d.Path("posts", p.ID, "schedule"), "revision", "1", "at", "2020-01-01T10:00").Is(http.StatusUnprocessableEntity).Has("#schedule-at-error", "passed")
	d.Follow(d.Post(d.Path("posts", p.ID, "schedule"), "revision", "1", "at", tomorrow(d.Site))).Is(200).Has(".toast", "Scheduled for").Has(".way", "scheduled")
}

func TestBulkApproval(t *testing.T) {
	d := newReviewDesk(t)
	a, b := d.draft("One"), d.draft("Two")
	d.Post(d.Path("posts", a.ID, "submit"), "revision", "1")
	d.Post(d.Path("posts", b.ID, "submit"), "revision", "1")
	d.SignIn(d.manager)
	page := d.Get(d.Path("posts") + "?state=in_review").Is(200)
	d.Follow(d.Post(d.Path("posts", "bulk"), "act", "approve", "post", a.ID, "post", b.ID,
		"revision."+a.ID, page.Attr("input[name='revision."+a.ID+"']", "value"), "revision."+b.ID, "1")).Is(200).Has(".toast", "2 posts approved")
}

func TestApprovalSettings(t *testing.T) {
	d := newReviewDesk(t)
	d.Get(d.Path("settings", "approval")).Is(200).Has("input[value=always][checked]").Has("dl.facts", "Ada Lind", "Max Oda").Has(".panel", "Answers in the inbox never wait")
	d.Post(d.Path("settings", "approval"), "mode", "channels", "remind", "4").Is(http.StatusUnprocessableEntity).Has("#channels-error", "at least one")
	d.Post(d.Path("settings", "approval"), "mode", "always", "remind", "x").Is(http.StatusUnprocessableEntity).Has("#remind-error", "hours")
	d.Follow(d.Post(d.Path("settings", "approval"), "mode", "never", "remind", "4")).Is(200).Has(".toast", "Saved")
	if _, _, err := post.Compose(t.Context(), d.DB, d.Who(), d.Brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: "Before"}}},
		Variants: []post.Variant{{Channel: d.c.ID}}}, d.DB.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	d.Follow(d.Post(d.Path("settings", "approval"), "mode", "channels", "channels", d.c.ID, "own", "true", "remind", "0")).Is(200).
		Has("input[name=channels][checked]").Has("input[name=own][checked]").Has(".notice", "1 post was scheduled before")
	d.Follow(d.Post(d.Path("settings", "approval", "recall"))).Is(200).Has(".toast", "1 post is in review now").Lacks(".notice[data-tone=warn]")
	d.SignIn(d.creator)
	d.Get(d.Path("settings", "approval")).Is(200).Lacks("main button[type=submit]")
	d.Post(d.Path("settings", "approval"), "mode", "never", "remind", "4").Is(http.StatusForbidden)
	d.Post(d.Path("settings", "approval", "recall")).Is(http.StatusForbidden)
}

func TestComposerSubmits(t *testing.T) {
	d := newReviewDesk(t)
	d.SignIn(d.creator)
	form := []string{"new", "", "revision", "0", "tab", "all", "n.all", "1", "kind.all.0", "post", "text.all.0", "From the composer", "channel", d.c.ID, "at", tomorrow(d.Site)}
	d.Post(d.Path("compose"), append(form, "act", "schedule")...).Is(http.StatusForbidden).Has(".notice", "Submit it").Has("textarea", "From the composer")
	d.Follow(d.Post(d.Path("compose"), append(form, "act", "submit")...)).Is(200).Has(".toast", "Submitted").Has("#review", "In review", "goes out")
	// The manager wrote it, so that another must approve it.
	d.SignIn(d.manager)
	d.Get(d.Path("compose") + "?channel=" + d.c.ID).Is(200).Has("button[value=submit]").Lacks("button[value=schedule]")
	// Somebody else's draft is approved by scheduling it.
	p := d.draft("A draft")
	d.SignIn(d.manager)
	d.Get(d.Path("posts", p.ID, "edit")).Is(200).Has("button[value=schedule]", "Approve and schedule")
}
