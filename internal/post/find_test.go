package post_test

import (
	"testing"

	"rapport/internal/db"
	"rapport/internal/post"
	"rapport/internal/search"
)

func (w *world) find(t *testing.T, words string) (ids []string) {
	t.Helper()
	hits, _, err := search.Find(ctx, w.d, w.who, w.brand, search.Query{Text: words, Kinds: []search.Kind{search.Post}}, db.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	return ids
}

func (w *world) finds(t *testing.T, words string, want ...string) {
	t.Helper()
	got := w.find(t, words)
	if len(got) != len(want) || len(want) == 1 && got[0] != want[0] {
		t.Errorf("%q found %v, want %v", words, got, want)
	}
}

func TestAPostIsFoundByWhatItSaysNow(t *testing.T) {
	w := open(t)
	in := text("Fresh apples", w.a)
	own := text("Ripe pears").Body
	in.Variants = append(in.Variants, post.Variant{Channel: w.b, Body: &own})
	p := w.draft(t, in)
	w.finds(t, "apples", p.ID)
	w.finds(t, "pears", p.ID)
	p, err := post.Save(ctx, w.d, w.who, w.brand, p.ID, p.Revision, text("Sour cherries", w.a))
	if err != nil {
		t.Fatal(err)
	}
	w.finds(t, "apples")
	w.finds(t, "cherries", p.ID)
	if err := post.Delete(ctx, w.d, w.who, w.brand, p.ID); err != nil {
		t.Fatal(err)
	}
	w.finds(t, "cherries")
	if _, err := post.Restore(ctx, w.d, w.who, w.brand, p.ID); err != nil {
		t.Fatal(err)
	}
	w.finds(t, "cherries", p.ID)

	p.ID = db.NewID()
	p.Body = text("Brought along").Body
	if err := w.d.Tx(ctx, func(tx *db.Tx) error { return post.Import(ctx, tx, []post.Post{p}) }); err != nil {
		t.Fatal(err)
	}
	w.finds(t, "brought", p.ID)
}

func TestPostsThatWereThereBeforeAreFound(t *testing.T) {
	w := open(t)
	var ids []string
	for range 401 {
		ids = append(ids, w.draft(t, text("Old words", w.a)).ID)
	}
	if err := post.Delete(ctx, w.d, w.who, w.brand, ids[7]); err != nil {
		t.Fatal(err)
	}
	w.exec(t, `DELETE FROM search_doc`)
	if done, err := search.Take(ctx, w.d, post.Words); err != nil || !done {
		t.Fatal(done, err)
	}
	if n := w.count(t, `SELECT COUNT(*) FROM search_doc`); n != 400 {
		t.Errorf("%d of 400 posts can be found", n)
	}
	if got := w.find(t, "old"); len(got) != 25 || got[0] == ids[7] {
		t.Errorf("found %v", got)
	}
}
