package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"rapport/internal/fault"
)

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
