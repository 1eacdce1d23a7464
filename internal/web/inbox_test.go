package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/web/webtest"
)

// join gives an account a role in the brand, on some channels or on all.
func join(t *testing.T, s *webtest.Site, name string, role access.Role, channels ...string) account.Account {
	t.Helper()
	a := s.NewAccount(strings.ToLower(strings.ReplaceAll(name, " ", "."))+"@example.com", name)
	if err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		return account.Put(t.Context(), tx, a.ID, access.Grant{Brand: s.Brand.ID, Role: role, Channels: channels})
	}); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestInboxTeachesWhileItIsEmpty(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("inbox")).Is(http.StatusOK).Has("main .empty", "What people say to you will be here").Has(".empty .btn[href$='/connect']", "Connect a channel")
	s.Connect("north")
	s.Get(s.Path("inbox")).Has(".inbox-list .empty", "Everybody has been heard").Lacks(".empty .btn")
	s.Get(s.Path("inbox")+"?queue=snoozed").Has(".inbox-list .empty", "Nothing is put off")
	s.Get(s.Path("inbox")+"?queue=done&label=none").Has(".inbox-list .empty", "No conversation matches").Has(".empty .btn", "Clear the filters")
	s.Get(s.Path("inbox") + "?queue=nowhere").Is(http.StatusNotFound)
}

func TestInboxListsWhatPeopleSay(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	p := s.Get(s.Path("inbox")).Is(http.StatusOK)
	p.Has(".queue[aria-current]", "To do", "39").Has(".rail [aria-current] .nav-count", "38").Has(".tabbar-entry[aria-current]", "Inbox")
	p.Has(".talk:first-child", "Berlin", "Is the yard open on Sunday?", "new", "waiting 9 min", w.Channels[1].Handle)
	p.Has(".talk-text", webtest.Evil, webtest.RTL, webtest.Emoji)
	if n := p.Count(".talk"); n != 39 {
		t.Errorf("%d rows, want 39", n)
	}
	s.Get(s.Path("inbox")+"?queue=waiting").Has(".talk:first-child", "Guest29") // who waits longest
	one := s.Get(s.Path("inbox") + "?channel=" + w.Channels[1].ID)
	one.Has(".chip[data-active]", w.Channels[1].Handle).Has(".queue[aria-current]", w.Channels[1].Handle)
	if n := one.Count(".talk"); n != 32 {
		t.Errorf("%d rows on one channel, want 32", n)
	}
	if to := one.Attr(".talk-link", "href"); !strings.Contains(to, "channel="+w.Channels[1].ID) {
		t.Errorf("the conversation loses the filter: %s", to)
	}
}

// The list goes on where it ended, in the page and without scripts, and the
// conversation it was left for leads back there.
func TestInboxKeepsThePlace(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	for i := range 30 {
		s.Hear(w.Channels[0], s.Said(fmt.Sprintf("more%d", i), fmt.Sprintf("more%d", i), "More", "", time.Duration(100+i)*time.Hour))
	}
	p := s.Get(s.Path("inbox"))
	more := p.Attr("#more a", "href")
	if p.Count(".talk") != 50 || more == "" {
		t.Fatalf("%d rows and %q", p.Count(".talk"), more)
	}
	next := s.Get(more).Is(http.StatusOK).Lacks("#more").Has(".list-begin a", "To the beginning")
	if next.Count(".talk") != 19 {
		t.Errorf("%d rows on the second page, want 19", next.Count(".talk"))
	}
	back := s.Get(next.Attr(".talk-link", "href")).Is(http.StatusOK).Attr(".thread-back", "href")
	if want := strings.TrimPrefix(more, s.Path("inbox")); !strings.Contains(back, want+"#talk-") {
		t.Errorf("the thread leads back to %s, not to %s", back, more)
	}
	r := httptest.NewRequest(http.MethodGet, s.Path("inbox")+"?shown=69", nil)
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Target", "section#list")
	if whole := s.Do(r); whole.Count(".talk") != 69 {
		t.Errorf("a list of 69 refreshes itself with %d", whole.Count(".talk"))
	}
}

func TestThreadKeepsEveryAuthor(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	c := s.Talk("m1")
	p := s.Get(s.Path("inbox", c.ID)).Is(http.StatusOK)
	p.Has("#thread-title", "Mira").Has(".thread-name", "Comment on Paper").Has(".talk[aria-current]", "Mira")
	p.Has(".posted", "Below your post on Paper", "The new bags are here")
	p.Has(".said-by[data-depth='0']", "@mira@paper.example", "Do you also ship to Austria?").Has(".said-by[data-depth='1']", "Jonas", "edited", "A parcel on a doormat", "Film without a description")
	p.Has(".said-by[data-kind=own]", "North Roasters", "with another program", "before the holidays")
	p.Has(".said-by[data-depth='2'] .said-warning", "long, and about food", "Behind the warning.").Has(".said-by[data-depth='2'] .said-reach", "followers only")
	p.Has(".said-by[data-removed]", "Lea", "deleted").Has(".said-by[data-depth='3'] .said-to", "answering Lea")
	if strings.Contains(p.Text(".said-by"), "should not have said") {
		t.Error("what is gone from its network is still shown")
	}
	p.Has(".thread-side", "Mira", "@mira@paper.example", "In the inbox 3 messages").Has(".person-talks", "Lovely crema")
	p.Lacks(".inbox img[src^='http']") // nothing is loaded from strangers
	evil := s.Get(s.Path("inbox", s.Talk("m10").ID)).Has(".said-text[dir=auto]", webtest.Evil)
	if inline.MatchString(evil.Body) {
		t.Error("what somebody wrote became part of the page")
	}
	s.Get(s.Path("inbox", s.Talk("m13").ID)).Has(".said-reach", "direct").Has(".thread-name", "Mention on Paper")
	s.Get(s.Path("inbox", s.Talk("m14").ID)).Has(".said-long summary", "Show all")
}

func TestALongThreadShowsItsEndAndLeadsBack(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	all := []network.Message{s.Said("long0", "starter", "Where it begins", "", 600*time.Minute)}
	for i := 1; i < 500; i++ {
		all = append(all, s.Said(fmt.Sprintf("long%d", i), fmt.Sprintf("voice%d", i%40), fmt.Sprintf("Voice %d.", i), fmt.Sprintf("long%d", i-1), time.Duration(600-i)*time.Minute))
	}
	s.Hear(w.Channels[0], all...)
	p := s.Get(s.Path("inbox", s.Talk("long0").ID)).Is(http.StatusOK).Has("#thread-scroll", "Voice 499.").Has("#older a", "what came before")
	if n := p.Count(".said-by"); n != 200 {
		t.Errorf("%d messages on a page", n)
	}
	s.Get(p.Attr("#older a", "href")).Has("#thread-scroll", "Voice 299.").Has(".thread-older", "To the newest messages")
}

// Looking at a new conversation opens it; an open page that looks again does
// not, nor does somebody who may only read.
func TestLookingOpens(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	c := s.Talk("m20")
	s.Get(s.Path("inbox", c.ID) + "?again=1").Is(http.StatusOK)
	owner := s.Account
	s.SignIn(join(t, s, "Ana Lyst", access.Analyst))
	s.Get(s.Path("inbox", c.ID)).Is(http.StatusOK)
	if is := s.Talk("m20"); is.State != conversation.StateNew {
		t.Errorf("it is %s", is.State)
	}
	s.SignIn(owner)
	s.Get(s.Path("inbox", c.ID)+"?queue=new").Is(http.StatusOK).Has(".thread-facts .state", "open").Has(".talk[aria-current]", "Berlin", "open")
	s.Get(s.Path("inbox") + "?queue=new").Lacks("#talk-" + c.ID)
}

func TestActsByPlainForms(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	mira := join(t, s, "Mira Sand", access.Community)
	c := s.Talk("m1")
	at := s.Path("inbox", c.ID)
	done := s.Follow(s.Post(at+"/state", "state", "done", "back", "queue=waiting").Is(http.StatusSeeOther))
	done.Has(".thread-facts .state", "done").Has(".toast", "Done.").Has(".thread-acts", "Reopen").Has(".queue[aria-current]", "Waiting").Has(".happened", "Ada Lind called it done")
	s.Post(done.Attr(".toast form", "action")).Is(http.StatusSeeOther)
	s.Get(at).Has(".thread-facts .state", "open")
	until := s.DB.Now().Time().In(s.Brand.Location()).AddDate(0, 0, 2).Format("2006-01-02") + "T09:00"
	s.Follow(s.Post(at+"/state", "until", until)).Has(".thread-facts .state", "snoozed").Has(".happened", "put it off until")
	s.Post(at+"/state", "until", "2001-01-01T09:00").Is(http.StatusUnprocessableEntity).Has(".thread-head .notice", "still to come")
	s.Follow(s.Post(at+"/state", "state", "open")).Has(".thread-facts .state", "open")
	s.Follow(s.Post(at+"/assign", "assignee", mira.ID)).Has(".thread-facts", "with Mira Sand").Has(".happened", "gave it to Mira Sand").Has(".talk[aria-current] .talk-who", "Assigned to Mira Sand")
	s.Follow(s.Post(at+"/labels", "name", webtest.Evil[:29])).Has(".thread-labels", webtest.Evil[:29])
	labelled := s.Follow(s.Post(at+"/labels", "name", "question")).Has(".thread-labels", "question").Has(".inbox-queues", "question")
	s.Follow(s.Post(at+"/labels", "remove", labelled.Attr("#label-it [name=remove]", "value")))
	if n := len(s.Talk("m1").Labels); n != 1 {
		t.Errorf("%d labels are left, want 1", n)
	}
	s.Post(at+"/labels", "name", "").Is(http.StatusUnprocessableEntity).Has(".thread-head .notice", "Name the label")
	s.Follow(s.Post(at+"/notes", "note", "@Mira Sand please look: "+webtest.RTL)).Has(".note", "Ada Lind", "for the team only", "@Mira Sand please look", webtest.RTL)
	s.Post(at+"/notes", "note", strings.Repeat("x", 5001)).Is(http.StatusUnprocessableEntity).Has("#note-error", "Shorten the note").Has("#note-text", "xxx").Has("#tab-note[checked]")
	s.SignIn(mira)
	s.Get(s.Path("inbox")+"?queue=mine").Has(".talk", "Mira").Has(".talk-who[data-mine]")
	s.Get(s.Path("inbox")+"?queue=mentioned").Has(".talk", "Mira")
}

func TestAnotherWasFaster(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	c := s.Talk("m1")
	s.Post(s.Path("inbox", c.ID, "state"), "state", "done")
	s.Post(s.Path("inbox", c.ID, "assign"), "assignee", s.Account.ID, "revision", fmt.Sprint(c.Revision)).Is(http.StatusConflict).
		Has(".thread-head .notice", "changed this conversation").Has(".thread-facts .state", "done")
}

func TestManyAtOnce(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	ids := []string{s.Talk("n1").ID, s.Talk("n2").ID, s.Talk("n3").ID}
	chosen := []string{"conversation", ids[0], "conversation", ids[1], "conversation", ids[2], "back", s.Path("inbox") + "?queue=all"}
	bulk := func(act string) *webtest.Page {
		return s.Follow(s.Post(s.Path("inbox", "bulk"), append(chosen, "act", act)...).Is(http.StatusSeeOther))
	}
	bulk("assign "+s.Account.ID).Has(".toast", "3 conversations have somebody else.").Has(".queue[aria-current]", "Everything")
	p := bulk("done").Has(".toast", "3 conversations done.")
	for _, root := range []string{"n1", "n2", "n3"} {
		if c := s.Talk(root); c.State != conversation.StateDone || c.Assignee != s.Account.ID {
			t.Errorf("%s is %s with %q", root, c.State, c.Assignee)
		}
	}
	s.Follow(s.Post(p.Attr(".toast form", "action")))
	if c := s.Talk("n2"); c.State != conversation.StateNew {
		t.Errorf("taken back it is %s", c.State)
	}
	s.Post(s.Path("inbox", "bulk"), "act", "done").Is(http.StatusUnprocessableEntity).Has(".list-notice", "Choose at least one conversation.")
	s.Post(s.Path("inbox", "bulk"), append(chosen, "act", "explode")...).Is(http.StatusUnprocessableEntity)
	s.Post(s.Path("inbox", "undo") + "?was=%21").Is(http.StatusUnprocessableEntity)
}

func TestWhoMayDoWhatInTheInbox(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	c, other, owner := s.Talk("m1"), s.Talk("m20"), s.Account
	acts := func(id string) map[string][]string {
		at := s.Path("inbox", id)
		return map[string][]string{at + "/state": {"state", "done"}, at + "/answer": {"text", "x"}, at + "/assign": {"assignee", ""}, at + "/labels": {"name", "x"}, at + "/notes": {"note", "x"},
			s.Path("inbox", "bulk"): {"conversation", id, "act", "done"}}
	}
	s.SignIn(join(t, s, "Ana Lyst", access.Analyst))
	s.Get(s.Path("inbox")).Is(http.StatusOK).Has(".talk").Lacks(".talk-box").Lacks(".selection")
	s.Get(s.Path("inbox", c.ID)).Is(http.StatusOK).Has(".said-by").Lacks(".thread-acts").Lacks(".reply").Lacks(".said-answer")
	for path, form := range acts(c.ID) {
		s.Post(path, form...).Is(http.StatusForbidden)
	}
	s.SignIn(join(t, s, "Mo Derator", access.Moderator))
	s.Get(s.Path("inbox")).Is(http.StatusForbidden)
	s.Get(s.Path()).Lacks(".rail [href$='/inbox']")
	s.SignIn(join(t, s, "Nar Row", access.Community, w.Channels[1].ID))
	p := s.Get(s.Path("inbox")).Is(http.StatusOK).Lacks(".talk#talk-" + c.ID).Has(".talk#talk-" + other.ID)
	if n := p.Count(".talk"); n != 32 {
		t.Errorf("%d rows for one channel", n)
	}
	s.Get(s.Path("inbox", c.ID)).Is(http.StatusForbidden)
	for path, form := range acts(c.ID) {
		if status := s.Post(path, form...).Status; status != http.StatusForbidden && status != http.StatusUnprocessableEntity {
			t.Errorf("%s on a channel that is not theirs: %d", path, status)
		}
	}
	s.SignIn(owner)
	if is := s.Talk("m1"); is.State != conversation.StateOpen || len(is.Labels) > 0 {
		t.Errorf("somebody without access changed it: %+v", is)
	}
	s.SignIn(s.NewAccount("eve@example.com", "Eve"))
	s.Brand = s.NewBrand("South")
	s.Get(s.Path("inbox", c.ID)).Is(http.StatusNotFound)
	for path, form := range acts(c.ID) {
		if !strings.HasSuffix(path, "/bulk") && !strings.HasSuffix(path, "/labels") {
			s.Post(path, form...).Is(http.StatusNotFound)
		}
	}
	s.Post(s.Path("inbox", c.ID, "presence"), "writing", "true").Is(http.StatusNotFound)
}

func TestTwoPeopleSeeEachOther(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	mira := join(t, s, "Mira Sand", access.Community)
	c := s.Talk("m1")
	ada := s.Account
	s.SignIn(mira)
	s.Post(s.Path("inbox", c.ID, "presence"), "writing", "true").Is(http.StatusNoContent)
	s.Get(s.Path("inbox", c.ID)).Lacks(".here")
	s.SignIn(ada)
	s.Get(s.Path("inbox", c.ID)).Has("#presence .here[data-writing]", "Mira Sand is writing an answer")
	s.SignIn(mira)
	s.Post(s.Path("inbox", c.ID, "presence"), "writing", "false")
	s.SignIn(ada)
	s.Get(s.Path("inbox", c.ID, "presence")).Has(".here", "Mira Sand is looking at this")
	s.SignIn(mira)
	s.Post(s.Path("inbox", c.ID, "presence"), "left", "true")
	s.SignIn(ada)
	s.Get(s.Path("inbox", c.ID, "presence")).Lacks(".here")
}

// What a filter in the address holds is no part of the page.
func TestInboxAddressIsOnlyAFilter(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	for _, name := range []string{"channel", "kind", "label", "after", "beside", "shown"} {
		p := s.Get(s.Path("inbox") + "?" + name + "=" + url.QueryEscape(webtest.Evil))
		if p.Status != http.StatusOK && p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, p.Status)
		}
		if inline.MatchString(p.Body) {
			t.Errorf("%s became part of the page", name)
		}
	}
}

// The list is narrowed to a kind, beside what else narrows it.
func TestInboxShowsAKind(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	at := s.Path("inbox") + "?channel=" + w.Channels[0].ID
	p := s.Get(at).Has("#kind-menu", "Comments", "Mentions").Lacks("#kind-menu a[href*='kind=question']")
	only := s.Get(p.Attr("#kind-menu a[href*='kind=comment']", "href")).Is(http.StatusOK).Has(".chips", "Comments").Has("#talks", "how is it with Switzerland").Has(".chip", w.Channels[0].Handle)
	only.Lacks("#talk-" + s.Talk("m13").ID)
	if all := p.Count(".talk"); only.Count(".talk") == 0 || only.Count(".talk") >= all {
		t.Errorf("%d of %d are comments", only.Count(".talk"), all)
	}
	s.Get(only.Attr("#talks .talk-link", "href")).Has(".chip", "Comments")
	s.Get(s.Path("inbox")+"?kind=question").Has(".empty", "Nothing").Has(".chip", "Questions")
}

// An answer goes out as a delivery: once, however often its form is sent, and
// nothing that was typed is lost where it does not fit.
func TestAnswering(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	c := s.Talk("m1")
	at := s.Path("inbox", c.ID)
	p := s.Get(at).Has("#answer-form", "to", "Mira").Has(".reply-public", "Public on Paper").Has("#answer-form [data-limits]")
	form := []string{"new", p.Attr("#answer-form [name=new]", "value"), "to", p.Attr("#answer-form [name=to]", "value"), "text", "We do, from January on.", "act", "answer"}
	for range 2 {
		s.Follow(s.Post(at+"/answer", form...)).Has(".toast", "on its way")
	}
	after := s.Get(at).Has(".said-by[data-kind=own]", "by Ada Lind", "We do, from January on.", "scheduled")
	if n := strings.Count(after.Text(".said-by"), "We do, from January on."); n != 1 {
		t.Errorf("answered %d times", n)
	}
	long := strings.Repeat("Too long. ", 60) + webtest.Evil
	s.Post(at+"/answer", "new", db.NewID(), "text", long).Is(http.StatusUnprocessableEntity).Has("#answer-text[aria-invalid]", long).Has("#answer-error", "500").Has(".thread-head").Lacks(".thread-head .notice")
	s.Post(at+"/answer", "new", db.NewID(), "text", "  ").Is(http.StatusUnprocessableEntity).Has("#answer-error")
	jonas := s.Get(at).Attr(".said-by[data-depth='1'] .said-answer", "href")
	s.Get(strings.TrimSuffix(jonas, "#reply")).Has("#answer-form", "to", "Jonas")
	s.Get(s.Path("inbox", s.Talk("m13").ID)).Has(".reply-public", "Direct: only for those it names")
	s.Follow(s.Post(at+"/answer", "new", db.NewID(), "text", "Bye", "act", "close")).Has(".thread-facts .state", "done").Has(".toast", "done")
}

// What is written to somebody whose words are gone meanwhile is given back.
func TestAnAnswerToNobodyIsGivenBack(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	c := s.Talk("m1")
	if _, err := s.DB.ExecContext(t.Context(), `UPDATE message SET removed_at = 1 WHERE conversation_id = $1`, c.ID); err != nil {
		t.Fatal(err)
	}
	at := s.Path("inbox", c.ID)
	s.Get(at).Lacks("#answer-form").Lacks(".reply-unsent")
	s.Post(at+"/answer", "new", db.NewID(), "text", "We do. "+webtest.Evil).Is(http.StatusConflict).Lacks("#answer-form").
		Has(".reply-unsent .notice", "not sent", "nothing left here to answer").Has(".reply-unsent textarea[readonly]", "We do. "+webtest.Evil)
	s.Post(at+"/notes", "note", "For us").Is(http.StatusSeeOther)
}

func TestAnAnswerThatIsNotOut(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	c := s.Talk("m1")
	at := s.Path("inbox", c.ID)
	s.Post(s.Path("hold"), "reason", "A recall")
	s.Get(at).Has("#answer-form .notice", "on hold")
	s.Follow(s.Post(at+"/answer", "new", db.NewID(), "text", "We look into it.")).Has(".said-by[data-kind=own] .state", "held")
	s.Post(s.Path("hold", "release"))
	if _, err := s.DB.ExecContext(t.Context(), `UPDATE delivery SET state = 'rejected', reason = 'The network does not take this word.' WHERE kind = 'reply'`); err != nil {
		t.Fatal(err)
	}
	p := s.Get(at).Has(".said-by[data-kind=own] .state", "rejected").Has(".said-failure", "The network does not take this word.").Has("[data-redo]", "Write it anew")
	p.Has(".said-acts [name=choice]", "Try again", "Drop it")
	s.Get(s.Path()).Has(".need", "We look into it.", "rejected").Has(".need .btn[href*='/inbox/" + c.ID + "']")
	s.Follow(s.Post(at+"/delivery", "delivery", p.Attr(".said-acts [name=delivery]", "value"), "choice", "send_again")).Has(".toast", "It goes out now.").Has(".said-by[data-kind=own] .state", "scheduled")
	s.Get(s.Path("inbox", s.Talk("m20").ID)).Lacks("#answer-form .notice")
}

// Whoever may answer may take an answer back that waits, and decide about one
// that was refused.
func TestAnAnswerIsTakenBack(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	at := s.Path("inbox", s.Talk("m1").ID)
	s.Post(s.Path("hold"), "reason", "A recall")
	s.SignIn(join(t, s, "Com Unity", access.Community))
	p := s.Follow(s.Post(at+"/answer", "new", db.NewID(), "text", "Said too soon.")).Has(".said-acts [value=take_back]", "Take back")
	reply := p.Attr(".said-acts [name=delivery]", "value")
	s.Follow(s.Post(at+"/delivery", "delivery", reply, "act", "take_back")).Has(".toast", "taken back").
		Has(".said-by[data-kind=own] .state", "cancelled").Lacks("[value=take_back]")
	s.Post(at+"/delivery", "delivery", reply, "act", "take_back").Is(http.StatusConflict)
	s.Follow(s.Post(at+"/answer", "new", db.NewID(), "text", "Once more."))
	if _, err := s.DB.ExecContext(t.Context(), `UPDATE delivery SET state = 'rejected', reason = 'No.' WHERE kind = 'reply' AND state = 'scheduled'`); err != nil {
		t.Fatal(err)
	}
	s.Get(at).Has(".said-acts [name=choice]", "Try again")
	s.SignIn(join(t, s, "Ana Lyst", access.Analyst))
	s.Post(at+"/delivery", "delivery", reply, "act", "take_back").Is(http.StatusForbidden)
}

// Where an answer reaches its reader only if it names them, it begins with
// their handle.
func TestAnswersNameWhomTheyAreFor(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	at := s.Path("inbox", s.Talk("m1").ID)
	s.Pages.Networks = network.NewSet(webtest.Paper{Mentions: true})
	p := s.Get(at)
	if text := p.Text("#answer-text"); text != "@mira@paper.example" {
		t.Errorf("it begins with %q", text)
	}
	if to := p.Attr(".said-by[data-depth='1'] .said-answer", "data-prefill"); to != "@jonas@paper.example " {
		t.Errorf("to Jonas it begins with %q", to)
	}
}

// Who waits longest for an answer needs somebody today.
func TestTodayShowsWhoWaits(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	s.Get(s.Path()).Has(".today-needs", "Waiting for an answer", "39", "Guest29", "36 more wait").Has(".need .btn[href*='/inbox/']", "Read and answer")
	s.SignIn(join(t, s, "Mo Derator", access.Moderator))
	s.Get(s.Path()).Lacks(".need .btn[href*='/inbox/']")
}
