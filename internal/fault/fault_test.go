package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"rapport/internal/fault"
	"rapport/internal/i18n"
)

func TestReaderIsToldInTheirLanguage(t *testing.T) {
	err := i18n.Load(fstest.MapFS{"x/de.json": {Data: []byte(`[{"id": "Post %d is out.", "other": "Beitrag %d ist draußen."},
		{"id": "Write something.", "other": "Schreib etwas."},
		{"id": "Something went wrong on our side.", "other": "Bei uns ist etwas schiefgegangen."}]`)}})
	if err != nil {
		t.Fatal(err)
	}
	de := i18n.With(t.Context(), "de", nil)
	both := fault.OnFields([]fault.Field{fault.On("n", "Post %d is out.", 3), {Name: "text", Text: "Write something."}})
	for _, c := range []struct{ got, want string }{
		{fault.Say(de, fmt.Errorf("post: %w", fault.New(fault.Conflict, "Post %d is out.", 3))), "Beitrag 3 ist draußen."},
		{fault.Say(t.Context(), fault.New(fault.Conflict, "Post %d is out.", 3)), "Post 3 is out."},
		{fault.Say(de, &fault.Error{Text: "Write something."}), "Schreib etwas."},
		{fault.Say(de, errors.New("dial")), "Bei uns ist etwas schiefgegangen."},
		{fault.Say(de, both), "Beitrag 3 ist draußen."},
		{fault.FieldsIn(de, both)[0].Text, "Beitrag 3 ist draußen."},
		{fault.FieldsIn(de, both)[1].Text, "Schreib etwas."},
		{fault.FieldsIn(t.Context(), both)[0].Text, "Post 3 is out."},
		{both.Error(), "Post 3 is out."},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestKindAndTextSurviveWrapping(t *testing.T) {
	cause := errors.New("dial tcp: refused")
	for _, c := range []struct {
		name string
		err  error
		kind fault.Kind
		text string
	}{
		{"plain error tells nothing", cause, fault.Internal, "Something went wrong on our side."},
		{"fault", fault.New(fault.Conflict, "Post %d is out.", 3), fault.Conflict, "Post 3 is out."},
		{"wrapped fault", fmt.Errorf("post: %w", fault.As(fault.Unavailable, cause, "Try again.")), fault.Unavailable, "Try again."},
		{"limited", fault.After(time.Second, "Slow down."), fault.Limited, "Slow down."},
		{"field", fault.OnField("text", "Write something."), fault.Invalid, "Write something."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fault.KindOf(c.err); got != c.kind {
				t.Errorf("kind %v, want %v", got, c.kind)
			}
			if got := fault.Text(c.err); got != c.text {
				t.Errorf("text %q, want %q", got, c.text)
			}
		})
	}
	if !errors.Is(fault.As(fault.Unavailable, cause, "Try again."), cause) {
		t.Error("the cause is lost")
	}
	if fault.OnFields(nil) != nil {
		t.Error("no wrong field is no error")
	}
}
