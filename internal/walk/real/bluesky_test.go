package real_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"rapport/internal/network"
	"rapport/internal/network/bluesky"
)

// blueskyFan writes records by hand.
type blueskyFan struct {
	host  *host
	token string
}

func (f blueskyFan) handle() string { return f.host.fan.Handle }

func (f blueskyFan) create(t *testing.T, collection string, rec object) string {
	t.Helper()
	rec["$type"] = collection
	rec["createdAt"] = record("")["createdAt"]
	a := f.host.post(f.token, "com.atproto.repo.createRecord", object{"repo": f.host.fan.DID, "collection": collection, "record": rec})
	if a.status != 200 {
		t.Fatalf("the fan's %s: %d %v", collection, a.status, a.body)
	}
	return a.text("uri")
}

// ref reads the hash of a post, and waits until it is indexed: a reply that is
// indexed before what it answers is never notified of.
func (f blueskyFan) ref(id string) object {
	f.host.t.Helper()
	a := f.host.until(func() answer { return f.host.get(f.token, "app.bsky.feed.getPosts", url.Values{"uris": {id}}) },
		func(a answer) bool { list, _ := a.body["posts"].([]any); return len(list) == 1 })
	return object{"uri": id, "cid": a.body["posts"].([]any)[0].(object)["cid"]}
}

func (f blueskyFan) reply(t *testing.T, to network.Ref, text string) string {
	t.Helper()
	root, parent := f.ref(to.ID), f.ref(to.ID)
	if to.Root != "" {
		root = f.ref(to.Root)
	}
	return f.create(t, postType, object{"text": text, "reply": object{"root": root, "parent": parent}})
}

func (f blueskyFan) mentioned(t *testing.T, id string) bool {
	t.Helper()
	a := f.host.get(f.token, "app.bsky.notification.listNotifications", url.Values{"reasons": {"mention"}, "priority": {"false"}})
	notes, _ := a.body["notifications"].([]any)
	return slices.ContainsFunc(notes, func(v any) bool { return v.(object)["uri"] == id })
}

func (f blueskyFan) like(t *testing.T, to network.Ref) {
	t.Helper()
	f.create(t, "app.bsky.feed.like", object{"subject": f.ref(to.ID)})
}

func (f blueskyFan) remove(t *testing.T, id string) {
	t.Helper()
	in := object{"repo": f.host.fan.DID, "collection": postType, "rkey": id[strings.LastIndex(id, "/")+1:]}
	if a := f.host.post(f.token, "com.atproto.repo.deleteRecord", in); a.status != 200 {
		t.Fatalf("the fan's deletion: %d %v", a.status, a.body)
	}
}

func TestBluesky(t *testing.T) {
	h := blueskyOf(t)
	walk(t, stage{connector: bluesky.New(client(t)), server: h.base, patience: time.Minute,
		credential: network.Credential{"handle": h.brand.Handle, "password": h.brand.AppPassword},
		fan:        blueskyFan{h, h.signIn(h.fan).text("accessJwt")}})
}
