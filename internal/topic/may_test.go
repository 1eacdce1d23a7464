package topic_test

import (
	"strings"
	"testing"

	"rapport/internal/fault"
	"rapport/internal/topic"
)

// Who may do what with what ada wrote in a space that "here" looks after. Each
// letter is an answer: . it is done, d denied, n not found, c conflict.
func TestWhoMayDoWhat(t *testing.T) {
	w := open(t)
	names := strings.Fields("visitor asking suspended bo ada here elsewhere manager owner")
	letter := map[fault.Kind]string{fault.Denied: "d", fault.NotFound: "n", fault.Conflict: "c", fault.Invalid: "i", fault.Internal: "?"}
	for _, c := range []struct {
		what, want string
		do         func(name string, question, answer topic.Said) error
	}{
		{"begin", "ddd......", func(name string, _, _ topic.Said) error {
			return second(topic.Begin(ctx, w.d, w.voice(name), topic.New{Space: w.space["ask"].ID, Title: "x", Text: "x"}))
		}},
		{"begin an announcement", "ddddddd..", func(name string, _, _ topic.Said) error {
			w.grant("elsewhere", "moderator", w.space["talk"].ID)
			return second(topic.Begin(ctx, w.d, w.voice(name), topic.New{Space: w.space["news"].ID, Title: "x", Text: "x"}))
		}},
		{"reply", "ddd......", func(name string, q, _ topic.Said) error {
			return second(topic.Say(ctx, w.d, w.voice(name), q.Topic.ID, "x", 0, ""))
		}},
		{"reply in a closed topic", "ddddd.d..", func(name string, q, _ topic.Said) error {
			must(0, topic.Close(ctx, w.d, w.voice("here"), q.Topic.ID, true))(t)
			return second(topic.Say(ctx, w.d, w.voice(name), q.Topic.ID, "x", 0, ""))
		}},
		{"change the question", "dddd.dddd", func(name string, q, _ topic.Said) error {
			return second(topic.Change(ctx, w.d, w.voice(name), q.Reply.ID, topic.Edit{Revision: 1, Text: "y"}))
		}},
		{"withdraw the answer", "ddd.ddddd", func(name string, _, a topic.Said) error {
			return second(topic.Withdraw(ctx, w.d, w.voice(name), a.Reply.ID))
		}},
		{"accept the answer", "dddd..d..", func(name string, _, a topic.Said) error {
			return second(topic.Accept(ctx, w.d, w.voice(name), a.Reply.ID, true))
		}},
		{"close", "nnnnn.d..", func(name string, q, _ topic.Said) error {
			return topic.Close(ctx, w.d, w.voice(name), q.Topic.ID, true)
		}},
		{"pin", "nnnnn.d..", func(name string, q, _ topic.Said) error {
			return topic.Pin(ctx, w.d, w.voice(name), q.Topic.ID, true)
		}},
		{"move to where only the brand looks", "nnnnndd..", func(name string, q, _ topic.Said) error {
			return topic.Move(ctx, w.d, w.voice(name), q.Topic.ID, w.space["news"].ID)
		}},
		{"hide", "nnnnn.d..", func(name string, _, a topic.Said) error {
			return second(topic.Decide(ctx, w.d, w.who[name], "b", a.Reply.ID, topic.AsItIs, topic.Hide, "", "x"))
		}},
		{"flag", "dddd.....", func(name string, _, a topic.Said) error {
			return topic.Complain(ctx, w.d, w.voice(name), a.Reply.ID, topic.Spam, "")
		}},
		{"react", "dddd.....", func(name string, _, a topic.Said) error {
			return topic.React(ctx, w.d, w.voice(name), a.Reply.ID, "heart", true)
		}},
		{"bookmark", "d........", func(name string, _, a topic.Said) error {
			return topic.Bookmark(ctx, w.d, w.voice(name), a.Reply.ID, true)
		}},
		{"follow", "d........", func(name string, q, _ topic.Said) error {
			return topic.Follow(ctx, w.d, w.voice(name), q.Topic.ID, topic.Watch)
		}},
	} {
		got := ""
		for _, name := range names {
			w.tick()
			w.tick()
			q := w.begin("ada", "ask", "Question")
			err := c.do(name, q, w.say("bo", q, "Answer"))
			w.grant("elsewhere", "moderator", w.space["news"].ID)
			if err == nil {
				got += "."
			} else {
				got += letter[fault.KindOf(err)]
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.what, got, c.want, names)
		}
	}
	w.recount()
}
