package inbox

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/network"
	"rapport/internal/publish"
	"rapport/internal/topic"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// deepest is how far answers are set in; what lies deeper says whom it answers.
const deepest = 3

// threadItems puts messages, notes and what happened into one order: the tree
// as it is, and each of the others behind the last message that was there
// before it.
func (p *Pages) threadItems(r *http.Request, t *threadView, th conversation.Thread, on studio.ChannelRow) error {
	names, err := p.Names(r.Context(), accountsIn(th)...)
	if err != nil {
		return err
	}
	t.Answers = answerable(r, *t, th)
	written, err := p.written(r, th)
	if err != nil {
		return err
	}
	story, err := bridge.Story(r.Context(), p.DB, studio.At(r).Brand.ID, th.Events)
	if err != nil {
		return err
	}
	said := map[string]conversation.Message{}
	for _, m := range th.Messages {
		if m.RemoteID != "" {
			said[m.RemoteID] = m
		}
	}
	for _, m := range th.Messages {
		item, err := p.messageItem(r, *t, m, said, names, on)
		if err != nil {
			return err
		}
		if at := written[m.ID]; at > 0 {
			item.Message.At = at.Time()
		}
		item.Message.Fresh = m.Direction == conversation.In && th.WaitingSince > 0 && m.At >= th.WaitingSince
		t.Items = append(t.Items, item)
		t.Moving = t.Moving || m.Delivery != "" && !slices.Contains(arrived, m.Standing)
	}
	if t.WaitingFor == "" && th.WaitingSince > 0 {
		t.WaitingFor = waitingFor(r.Context(), th)
	}
	t.Items = withAsides(t.Items, asides(r.Context(), *t, th, story, names))
	return nil
}

// answerable reports whether somebody is left in the conversation who would read
// an answer. A page of what came before does not say.
func answerable(r *http.Request, t threadView, th conversation.Thread) bool {
	if !t.MayReply {
		return false
	}
	if t.About != nil && !t.About.Live {
		return false
	}
	_, ok := answered(th, "")
	return ok || th.Older != "" || r.URL.Query().Get("before") != ""
}

// written is when what was flagged had been written, by message: the inbox has
// it since somebody complained.
func (p *Pages) written(r *http.Request, th conversation.Thread) (map[string]db.Time, error) {
	out := map[string]db.Time{}
	if th.Kind != conversation.KindFlag {
		return out, nil
	}
	var ids []string
	for _, m := range th.Messages {
		ids = append(ids, bridge.ReplyOf(m.Ref.ID))
	}
	replies, err := topic.RepliesByIDs(r.Context(), p.DB, studio.At(r).Brand.ID, ids)
	for _, m := range th.Messages {
		out[m.ID] = replies[bridge.ReplyOf(m.Ref.ID)].At
	}
	return out, err
}

// arrived are the states in which nothing more happens to an answer by itself.
var arrived = []delivery.State{delivery.Published, delivery.Removed, delivery.Cancelled}

func accountsIn(th conversation.Thread) []string {
	var out []string
	for _, m := range th.Messages {
		out = append(out, m.Account)
	}
	for _, n := range th.Notes {
		out = append(out, n.Account)
	}
	for _, e := range th.Events {
		out = append(out, e.Account)
		if e.What == "assigned" {
			out = append(out, e.Detail)
		}
	}
	return studio.Distinct(out)
}

// waitingFor is who wrote first since the last answer.
func waitingFor(ctx context.Context, th conversation.Thread) string {
	for _, m := range th.Messages {
		if m.Direction == conversation.In && m.At == th.WaitingSince {
			return authorName(ctx, m)
		}
	}
	return ""
}

func authorName(ctx context.Context, m conversation.Message) string {
	return cmp.Or(m.Author.Label(), i18n.T(ctx, "Somebody unknown"))
}

// inWords is what somebody wrote as readers see it: what the community says is
// Markdown, with its quotations.
func inWords(text, network string) string {
	if network != bridge.Name {
		return text
	}
	return markdown.Plain(markdown.Render(text, markdown.Options{}).HTML)
}

// messageItem is a message with what can be done about it.
func (p *Pages) messageItem(r *http.Request, t threadView, m conversation.Message, said map[string]conversation.Message, names map[string]string, on studio.ChannelRow) (threadItem, error) {
	ctx := r.Context()
	item := threadItem{at: m.At, Message: ui.MessageArgs{ID: m.ID, Depth: m.Depth, Network: on.Network, Own: m.Direction == conversation.Out,
		Text: inWords(m.Text, on.Network), Warning: m.Warning, Language: m.Language, Link: m.URL, Visibility: m.Visibility, Now: t.Now, At: m.At.Time()}}
	a := &item.Message
	if m.EditedAt > 0 {
		a.Edited = m.EditedAt.Time()
	}
	if m.RemovedAt > 0 {
		a.Removed = m.RemovedAt.Time()
		if on.Network == bridge.Name {
			a.Gone = i18n.T(ctx, "Nobody can read this in the community any more. Seen to be gone")
		}
	}
	if m.ErasedAt > 0 {
		a.Removed, a.Erased = m.ErasedAt.Time(), true
	}
	a.Media = attached(m.Media)
	if parent, known := said[m.Parent]; known && m.Depth > deepest {
		a.Answering = cmp.Or(parent.Author.Label(), studio.At(r).Brand.Name)
	}
	if a.Own {
		return item, p.ownItem(r, t, m, &item, said, names, on)
	}
	a.Name, a.Handle, a.Href = authorName(ctx, m), m.Author.Handle, m.Author.URL
	if t.Answers && m.RemovedAt == 0 && m.ErasedAt == 0 && m.RemoteID != "" {
		item.Answer = withParam(Address(t.Slug, filterOf(r.URL.Query()), t.ID, r.URL.Query().Get("after")), "to", m.ID) + "#reply"
		item.Prefill, item.Public = p.prefill(on, m), readBy(ctx, on, m.Visibility)
	}
	if t.MayWrite && suits(on, m) {
		item.Topic = studio.Path(t.Slug, "inbox", "messages", m.ID, "topic")
	}
	return item, nil
}

func attached(all []network.Attachment) (out []ui.Attached) {
	for _, file := range all {
		out = append(out, ui.Attached{Kind: file.Kind, Alt: file.Alt, Href: file.URL})
	}
	return out
}

// readBy says who can read an answer: as many as can read what it answers.
func readBy(ctx context.Context, on studio.ChannelRow, visibility string) string {
	if on.Network == bridge.Name {
		return i18n.T(ctx, "In the topic, for all its readers")
	}
	switch visibility {
	case network.Unlisted:
		return i18n.T(ctx, "Public on {{.Network}}, unlisted", "Network", on.Title)
	case network.Followers:
		return i18n.T(ctx, "For followers and those it names")
	case network.Direct:
		return i18n.T(ctx, "Direct: only for those it names")
	}
	return i18n.T(ctx, "Public on {{.Network}}", "Network", on.Title)
}

// prefill is what an answer begins with, on networks where it reaches its
// reader only if it names them.
func (p *Pages) prefill(on studio.ChannelRow, m conversation.Message) string {
	n, err := p.Networks.Named(on.Network)
	if err != nil || !n.Facts().MentionReplies || m.Author.Handle == "" {
		return ""
	}
	return m.Author.Handle + " "
}

// ownItem is what the brand said: by whom, how far it is, and what to do where
// it is not out.
func (p *Pages) ownItem(r *http.Request, t threadView, m conversation.Message, item *threadItem, said map[string]conversation.Message, names map[string]string, on studio.ChannelRow) error {
	v, ctx, a := studio.At(r), r.Context(), &item.Message
	a.Name, a.By = v.Brand.Name, names[m.Account]
	if m.Delivery == "" {
		if m.Account == "" {
			a.Echo = i18n.T(ctx, "Written on {{.Network}} itself or with another program, and read from there.", "Network", on.Title)
		}
		return nil
	}
	state := ui.DeliveryState(string(m.Standing))
	if v.Brand.Held && m.Standing == delivery.Scheduled {
		state = ui.DeliveryState("held")
	}
	a.State, item.Delivery = &state, m.Delivery
	item.TakeBack = t.MayReply && m.Standing == delivery.Scheduled
	if !m.Standing.NeedsPerson() {
		return nil
	}
	a.Failure = cmp.Or(i18n.Kept(m.Reason).In(ctx), i18n.T(ctx, "It is not out, and the network did not say why."))
	item.Redo = t.MayReply && m.Standing == delivery.Rejected
	item.To = said[m.Parent].ID
	if v.Who.May(p.DB.Now(), v.Brand.ID, access.ConversationReply, m.Channel) != nil {
		return nil
	}
	d, err := delivery.ByID(ctx, p.DB, v.Brand.ID, m.Delivery)
	if err != nil {
		return err
	}
	for _, c := range p.Choices(ctx, studio.DeliveryLine{Delivery: d, Channel: on.Channel, Title: on.Title, Now: on.Now}) {
		if c.Choice != publish.Later && c.Choice != publish.RemoveAll {
			item.Choices = append(item.Choices, c)
		}
	}
	return nil
}

// asides are the notes and what happened, oldest first.
func asides(ctx context.Context, t threadView, th conversation.Thread, story map[string]bridge.Named, names map[string]string) []threadItem {
	var out []threadItem
	for _, n := range th.Notes {
		out = append(out, threadItem{at: n.At, Note: &ui.NoteArgs{ID: n.ID, By: cmp.Or(names[n.Account], i18n.T(ctx, "Somebody who has left")),
			Text: n.Text, Now: t.Now, At: n.At.Time()}})
	}
	for _, e := range th.Events {
		if text, icon := eventWords(ctx, e, story[e.ID], names); text != "" {
			out = append(out, threadItem{at: e.At, Happened: &ui.HappenedArgs{Icon: icon, Text: text, Now: t.Now, At: e.At.Time()}})
		}
	}
	slices.SortStableFunc(out, func(a, b threadItem) int { return cmp.Compare(a.at, b.at) })
	return out
}

// withAsides puts each aside behind the last message that is not younger.
func withAsides(items, more []threadItem) []threadItem {
	behind := make([][]threadItem, len(items)+1)
	for _, aside := range more {
		place := 0
		for i, item := range items {
			if item.at <= aside.at {
				place = i + 1
			}
		}
		behind[place] = append(behind[place], aside)
	}
	out := behind[0]
	for i, item := range items {
		out = append(append(out, item), behind[i+1]...)
	}
	return out
}

// eventWords say what happened and who did it.
func eventWords(ctx context.Context, e conversation.Event, of bridge.Named, names map[string]string) (text, icon string) {
	left := i18n.T(ctx, "Somebody who has left")
	by := []any{"Name", cmp.Or(names[e.Account], left), "Detail", e.Detail}
	switch e.What {
	case "opened":
		if e.Account == "" {
			return i18n.T(ctx, "It is open, since the brand has answered"), "message-circle"
		}
		return i18n.T(ctx, "{{.Name}} opened it", by...), "message-circle"
	case "put_back":
		return i18n.T(ctx, "{{.Name}} made it new again", by...), "circle-dot"
	case "snoozed":
		return i18n.T(ctx, "{{.Name}} put it off until {{.Time}}", append(by, "Time", i18n.DateTime(ctx, msIn(e.Detail)))...), "alarm-clock"
	case "woke":
		if e.Account == "" {
			return i18n.T(ctx, "It came back"), "alarm-clock"
		}
		return i18n.T(ctx, "{{.Name}} ended the snooze", by...), "alarm-clock"
	case "done":
		return i18n.T(ctx, "{{.Name}} called it done", by...), "circle-check"
	case "reopened":
		if e.Account == "" {
			return i18n.T(ctx, "It opened again, because somebody wrote"), "rotate-ccw"
		}
		return i18n.T(ctx, "{{.Name}} opened it again", by...), "rotate-ccw"
	case "assigned":
		return assignedWords(ctx, e, names, by), "user-check"
	case "labelled":
		return i18n.T(ctx, "{{.Name}} added the label “{{.Detail}}”", by...), "tag"
	case "unlabelled":
		return i18n.T(ctx, "{{.Name}} took off the label “{{.Detail}}”", by...), "tag"
	case "flagged":
		if of.Complaint == "" {
			return i18n.T(ctx, "Flagged"), "flag"
		}
		text = i18n.T(ctx, "Flagged: {{.Complaint}}", "Complaint", i18n.T(ctx, of.Complaint.Words()))
		return strings.TrimSuffix(text+" — “"+of.Note+"”", " — “”"), "flag"
	case "waits":
		return i18n.T(ctx, "It waits for a look again"), "hourglass"
	case "decided":
		return decidedWords(ctx, topic.Act(e.Detail), names[e.Account]), "shield-check"
	case "hidden":
		_, why, _ := strings.Cut(e.Detail, "\n")
		if why == "" {
			return i18n.T(ctx, "{{.Name}} hid it in the community", by...), "eye-off"
		}
		return i18n.T(ctx, "{{.Name}} hid it in the community: “{{.Why}}”", append(by, "Why", why)...), "eye-off"
	case "restored":
		return i18n.T(ctx, "{{.Name}} brought it back to the community", by...), "eye"
	case "answered":
		return i18n.T(ctx, "{{.Detail}} answered in the community", "Detail", cmp.Or(of.Name, left)), "messages-square"
	case "solved":
		if of.Name == "" {
			return i18n.T(ctx, "An answer was accepted"), "circle-check"
		}
		return i18n.T(ctx, "The answer of {{.Detail}} was accepted", "Detail", of.Name), "circle-check"
	case "moved":
		return i18n.T(ctx, "It was moved to where nobody asks"), "arrow-right"
	case "withdrawn":
		return i18n.T(ctx, "Its author took it back"), "undo-2"
	case "bridged":
		if of.Topic == "" {
			return i18n.T(ctx, "{{.Name}} made a topic of it", by...), "messages-square"
		}
		return i18n.T(ctx, "{{.Name}} made a topic of it: “{{.Detail}}”", "Name", by[1], "Detail", of.Topic), "messages-square"
	case "returned":
		return i18n.T(ctx, "The accepted answer went back from here"), "corner-up-left"
	case "unreturned":
		return i18n.T(ctx, "The accepted answer could not go back"), "circle-alert"
	case "erased":
		return i18n.T(ctx, "Who wrote here was erased, so nobody waits for an answer"), "circle-check"
	case "joined":
		return i18n.T(ctx, "Another thread turned out to belong here"), "messages-square"
	}
	return "", ""
}

func decidedWords(ctx context.Context, act topic.Act, name string) string {
	by := []any{"Name", cmp.Or(name, i18n.T(ctx, "Somebody who has left"))}
	switch act {
	case topic.Approve:
		return i18n.T(ctx, "{{.Name}} let it through", by...)
	case topic.Decline:
		return i18n.T(ctx, "{{.Name}} declined it", by...)
	case topic.Hide:
		return i18n.T(ctx, "{{.Name}} hid it", by...)
	case topic.Keep:
		return i18n.T(ctx, "{{.Name}} left it as it is", by...)
	}
	return i18n.T(ctx, "{{.Name}} brought it back", by...)
}

func assignedWords(ctx context.Context, e conversation.Event, names map[string]string, by []any) string {
	switch e.Detail {
	case "":
		return i18n.T(ctx, "{{.Name}} left it to nobody", by...)
	case e.Account:
		return i18n.T(ctx, "{{.Name}} took it", by...)
	}
	return i18n.T(ctx, "{{.Name}} gave it to {{.Other}}", append(by, "Other", cmp.Or(names[e.Detail], i18n.T(ctx, "somebody who has left")))...)
}

// msIn is a time in milliseconds, as events carry it.
func msIn(text string) time.Time {
	ms, _ := strconv.ParseInt(text, 10, 64) // a broken one is the beginning of time
	return db.Time(ms).Time()
}

// replyView is the box for an answer: to the message that the address names,
// else to the last one from outside.
func (p *Pages) replyView(r *http.Request, t threadView, th conversation.Thread, on studio.ChannelRow, f entry.Form) replyView {
	ctx, v := r.Context(), studio.At(r)
	as := v.Brand.Name
	if on.Network == bridge.Name {
		as = v.Who.Name // people speak there, in their own name
	}
	out := replyView{New: cmp.Or(f.Value("new"), db.NewID()), As: as, Limits: on.Limits, Name: t.Title,
		Public: readBy(ctx, on, "")}
	if m, ok := answered(th, cmp.Or(f.Value("to"), r.URL.Query().Get("to"))); ok {
		out.To, out.Name, out.Prefill = m.ID, authorName(ctx, m), p.prefill(on, m)
		out.Public, out.Reach = readBy(ctx, on, m.Visibility), m.Visibility
	}
	out.Text = out.Prefill
	if f.Values.Has("text") {
		out.Text, out.Error = f.Raw("text"), cmp.Or(f.Error("text"), f.Text)
	}
	switch {
	case on.State == channel.StateAttention:
		out.Stopped = i18n.T(ctx, "{{.Channel}} must be connected again. What you answer now waits until it is.", "Channel", on.Handle)
	case v.Brand.Held:
		out.Stopped = i18n.T(ctx, "Everything is on hold. What you answer now waits until the hold ends.")
	}
	return out
}

// answered is the message that is answered: the named one, else the last from
// outside that is still there.
func answered(th conversation.Thread, id string) (conversation.Message, bool) {
	var last conversation.Message
	for _, m := range th.Messages {
		if m.Direction != conversation.In || m.RemovedAt > 0 || m.ErasedAt > 0 {
			continue
		}
		if m.ID == id {
			return m, true
		}
		if last.ID == "" || m.At >= last.At {
			last = m
		}
	}
	return last, last.ID != ""
}
