package server_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/api"
	"rapport/internal/db/dbtest"
	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	"rapport/internal/network/demo"
	"rapport/internal/network/mastodon"
	"rapport/internal/outbound"
	"rapport/internal/web"
)

var update = flag.Bool("update", false, "write docs/permissions.md anew")

// TestPermissionsDocument holds that the document of permissions is what the
// table and the lists of routes say.
func TestPermissionsDocument(t *testing.T) {
	d := dbtest.Open(t)
	client := outbound.New(outbound.Options{})
	networks := network.NewSet(mastodon.New(client), bluesky.New(client), demo.New(client, func() string { return "" }))
	pages := web.New(web.Deps{DB: d, Networks: networks})
	var b bytes.Buffer
	b.WriteString(permissionsHead)
	permissionsTable(&b)
	b.WriteString("\n## Pages\n")
	b.WriteString("Whose role lacks what a page needs is told so; who has no part in the brand is told that it is not there. Beyond what a page needs, what is sent may need more: to publish from the composer needs `posts:publish`, and to start a brand or bring one over one must own one already, unless the installation has none.\n\n")
	b.WriteString("| Page or form | Needs | Roles |\n|---|---|---|\n")
	all := pages.Addresses()
	slices.SortStableFunc(all, func(a, b web.Address) int { return cmp.Compare(byPath(a.Pattern), byPath(b.Pattern)) })
	for _, a := range all {
		needs, roles := "", "anyone"
		switch {
		case a.Need != "":
			needs, roles = "`"+string(a.Need)+"`", rolesOf(a.Need)
		case a.Session:
			roles = "anyone who is signed in"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", a.Pattern, needs, roles)
	}
	b.WriteString("\n## API\n")
	b.WriteString("The scope must be the token's, and its maker's role must have it.\n\n| Operation | Scope | Roles |\n|---|---|---|\n")
	operations(t, &b, api.New(api.Deps{DB: d, Networks: networks}))
	b.WriteString(permissionsFoot)
	const file = "../../docs/permissions.md"
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	stands, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(stands), b.String()); diff != "" {
		t.Errorf("docs/permissions.md is stale. Run go test ./internal/server -run TestPermissionsDocument -update.\n%s", diff)
	}
}

const permissionsHead = `# Who may do what

Written by ` + "`go test ./internal/server -run TestPermissionsDocument -update`" + ` from the table in ` + "`internal/access`" + `, the pages' list of routes and the API's document. A test fails while this file says something else, and others ask for every page and every operation as every role, without a part in the brand, with one that has ended, with another brand's ids, and on another channel.

A **grant** is an account's role in one brand: on all of it or on named channels and spaces, with an end if wanted. Once it has ended nothing of the brand is there any more, in open pages, by token and in the stream of what happens. A token does what its scopes name, as far as its maker's grant goes at that moment.

How far an action reaches for a grant on named channels:
- **channels**: it has the action on those channels only. It sees posts for at least one of them, or for none yet; people who wrote on them; their conversations and numbers.
- **shared**: what all channels share, such as the library; it has the action.
- **whole**: what concerns the whole brand; it lacks the action. So an owner always has the whole brand.

## Roles
`

const permissionsFoot = `
## Only in the studio
Signing in and out, the second factor, the recovery of an account, connecting a channel at a network's own page, and confirming one's password are for people in a browser. A token can do none of them.
`

func permissionsTable(b *bytes.Buffer) {
	fmt.Fprint(b, "| Action | Allows to | Reaches |")
	for _, r := range access.Roles {
		fmt.Fprintf(b, " %s |", r)
	}
	fmt.Fprint(b, "\n|---|---|---|"+strings.Repeat("---|", len(access.Roles))+"\n")
	for _, f := range access.Facts() {
		fmt.Fprintf(b, "| `%s` | %s | %s |", f.Action, f.Means, f.Reach)
		for _, r := range access.Roles {
			fmt.Fprint(b, map[bool]string{true: " yes |", false: " |"}[access.Allows(r, f.Action)])
		}
		fmt.Fprintln(b)
	}
}

// byPath is a pattern's path before its method.
func byPath(pattern string) string {
	method, path, _ := strings.Cut(pattern, " ")
	return path + " " + method
}

func rolesOf(a access.Action) string {
	var out []string
	for _, r := range access.Roles {
		if access.Allows(r, a) {
			out = append(out, string(r))
		}
	}
	return strings.Join(out, ", ")
}

func operations(t *testing.T, b *bytes.Buffer, h http.Handler) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/api/openapi.json", nil))
	var doc struct {
		Paths map[string]map[string]struct{ Security []map[string][]string }
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			scope, roles := "", "any token"
			if need := doc.Paths[path][method].Security; len(need) > 0 && len(need[0]["token"]) > 0 {
				scope = "`" + need[0]["token"][0] + "`"
				roles = rolesOf(access.Action(need[0]["token"][0]))
			}
			fmt.Fprintf(b, "| `%s %s` | %s | %s |\n", strings.ToUpper(method), path, scope, roles)
		}
	}
}
