package letter_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/letter"
	"rapport/internal/secret"
)

func owner() access.Who {
	return access.Who{Account: "o", Grants: []access.Grant{{Brand: "b", Role: access.Owner}}}
}

// open starts an engine that sends by send; nil keeps letters.
func open(t *testing.T, send func(context.Context, letter.Letter) error) *letter.Letters {
	t.Helper()
	ls := &letter.Letters{DB: dbtest.Open(t), Send: send}
	w := job.NewWorkers()
	ls.Work(w)
	e, err := job.New(context.Background(), ls.DB, w, job.Options{Tries: 3, Poll: 20 * time.Millisecond,
		Backoff: func(int) time.Duration { return time.Millisecond }})
	if err == nil {
		err = e.Start(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Stop(context.Background()) })
	return ls
}

func write(t *testing.T, ls *letter.Letters, l letter.Letter) (fresh bool) {
	t.Helper()
	ctx := context.Background()
	err := ls.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		fresh, err = ls.Write(ctx, tx, l)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

// settled waits for the only letter to be anything but queued.
func settled(t *testing.T, ls *letter.Letters) letter.Letter {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		list, _, err := letter.List(context.Background(), ls.DB, owner(), "b", db.Page{})
		if err != nil {
			t.Fatal(err)
		}
		if list[0].State != letter.Queued {
			return list[0]
		}
	}
	t.Fatal("the letter stays queued")
	panic("unreachable")
}

func TestLetterIsSentOrSaysWhyNot(t *testing.T) {
	for _, c := range []struct {
		name  string
		send  func(try int) error
		state letter.State
		tries int
		err   string
	}{
		{"at once", func(int) error { return nil }, letter.Sent, 1, ""},
		{"after a failure", func(try int) error {
			if try < 3 {
				return errors.New("busy")
			}
			return nil
		}, letter.Sent, 3, ""},
		{"never", func(int) error { return errors.New("busy") }, letter.Failed, 3, "busy"},
		{"refused for good", func(int) error { return letter.Final(errors.New("no such address")) }, letter.Failed, 1, "no such address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tries := make(chan letter.Letter, 10)
			ls := open(t, func(_ context.Context, l letter.Letter) error {
				tries <- l
				return c.send(len(tries))
			})
			write(t, ls, letter.Letter{Brand: "b", Address: "ann@example.org", Subject: "S", Text: "T", HTML: "H", Source: "1"})
			l := settled(t, ls)
			if l.State != c.state || l.Error != c.err || len(tries) != c.tries || (l.SentAt != 0) != (c.state == letter.Sent) {
				t.Errorf("%s after %d tries, %q, sent at %v", l.State, len(tries), l.Error, l.SentAt)
			}
			got := <-tries
			if diff := cmp.Diff([]string{l.ID, "ann@example.org", "S", "T", "H"}, []string{got.ID, got.Address, got.Subject, got.Text, got.HTML}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWithoutMailServerTheLetterIsKeptForTheOwner(t *testing.T) {
	ctx, ls := context.Background(), open(t, nil)
	write(t, ls, letter.Letter{Brand: "b", Address: "ann@example.org", Source: "1"})
	l := settled(t, ls)
	if l.State != letter.Kept {
		t.Errorf("state %s", l.State)
	}
	if _, err := letter.ByID(ctx, ls.DB, owner(), "b", l.ID); err != nil {
		t.Error(err)
	}
	manager := access.Who{Account: "m", Grants: []access.Grant{{Brand: "b", Role: access.Manager}, {Brand: "other", Role: access.Owner}}}
	if _, err := letter.ByID(ctx, ls.DB, manager, "b", l.ID); !fault.Is(err, fault.Denied) {
		t.Errorf("a manager got %v", err)
	}
	if _, err := letter.ByID(ctx, ls.DB, manager, "other", l.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the owner of another brand got %v", err)
	}
}

func TestOneLetterForAddressAndSource(t *testing.T) {
	ctx, ls := context.Background(), open(t, nil)
	var fresh []bool
	for _, l := range []letter.Letter{{Address: "ann", Source: "1"}, {Address: "ann", Source: "1"}, {Address: "ann", Source: "2"}, {Address: "bob", Source: "1"}} {
		l.Brand = "b"
		fresh = append(fresh, write(t, ls, l))
	}
	if diff := cmp.Diff([]bool{true, false, true, true}, fresh); diff != "" {
		t.Error(diff)
	}
	if n, err := letter.Recent(ctx, dbtest.Indexed(t, ls.DB), "b", "ann", 1); err != nil || n != 2 {
		t.Errorf("%d letters to ann, %v", n, err)
	}
	if n, err := letter.Recent(ctx, ls.DB, "b", "ann", ls.DB.Now().Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("%d letters in the future, %v", n, err)
	}
}

func TestListPages(t *testing.T) {
	ls := open(t, nil)
	for i := range 5 {
		write(t, ls, letter.Letter{Brand: "b", Address: "ann", Subject: fmt.Sprint(i), Source: fmt.Sprint(i)})
	}
	var got []string
	for page := (db.Page{Limit: 2}); ; {
		list, next, err := letter.List(context.Background(), dbtest.Indexed(t, ls.DB), owner(), "b", page)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			got = append(got, l.Subject)
		}
		if page.After = next; next == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"4", "3", "2", "1", "0"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRenderEscapesAndKeepsEverything(t *testing.T) {
	p := letter.Page{Title: "<b>Sale</b> is out", Lines: []string{"One & two."}, Action: "Open the post",
		Link: "https://rapport.example/studio/acme/posts/1", Foot: "You own Acme."}
	text, html := p.Render()
	want := "<b>Sale</b> is out\n\nOne & two.\n\nOpen the post:\nhttps://rapport.example/studio/acme/posts/1\n\n-- \nYou own Acme.\n"
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{"&lt;b&gt;Sale&lt;/b&gt; is out", "One &amp; two.", `href="https://rapport.example/studio/acme/posts/1"`, "You own Acme."} {
		if !strings.Contains(html, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(html, "<b>Sale") {
		t.Error("the page carries markup from the post")
	}
}

// What only the reader may see is in the letter that goes out, and nowhere
// that others look.
func TestASecretIsForTheReaderAlone(t *testing.T) {
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sends := range []bool{true, false} {
		got := make(chan letter.Letter, 1)
		var send func(context.Context, letter.Letter) error
		if sends {
			send = func(_ context.Context, l letter.Letter) error { got <- l; return nil }
		}
		ls := open(t, send)
		ls.Keys = keys
		write(t, ls, letter.Letter{Brand: "b", Address: "ann@example.org", Subject: "S", Text: "Open /x/tok-1", HTML: "<a href=/x/tok-1>", Secret: "tok-1", Source: "1"})
		l := settled(t, ls)
		if l.Text != "Open /x/"+letter.Veil || strings.Contains(l.HTML, "tok-1") {
			t.Errorf("it is shown: %+v", l)
		}
		var left string
		if err := ls.DB.QueryRowContext(context.Background(), `SELECT veiled FROM letter`).Scan(&left); err != nil || left != "" {
			t.Errorf("%q stays, %v", left, err)
		}
		if sends {
			if l := <-got; l.Text != "Open /x/tok-1" || l.HTML != "<a href=/x/tok-1>" {
				t.Errorf("sent %+v", l)
			}
		}
	}
}
