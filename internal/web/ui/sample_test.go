package ui_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/a-h/templ"

	"rapport/internal/web/static"
	"rapport/internal/web/ui"
)

// sampleShell is a page of the studio as a brand in the middle of its work has
// it.
func sampleShell(theme ui.Theme) ui.ShellArgs {
	return ui.ShellArgs{
		Styles:   []string{"inbox.css", "calendar.css", "settings.css"},
		Theme:    theme,
		ThemeURL: "/theme.css",
		Brand:    ui.BrandChoice{Name: "Northwind", Active: true},
		Brands:   []ui.BrandChoice{{Name: "Northwind", Href: "/studio/northwind", Active: true}, {Name: "Harbour Books", Href: "/studio/harbour"}},
		AddBrand: "/studio/new",
		Groups: []ui.EntryGroup{
			{Entries: []ui.Entry{
				{Label: "Today", Icon: "sun", Href: "/", Count: 3, Urgent: true, Key: "t", Active: true},
				{Label: "Calendar", Icon: "calendar", Href: "/calendar", Key: "c"},
				{Label: "Posts", Icon: "layers", Href: "/posts", Count: 128, Key: "p"},
				{Label: "Library", Icon: "image", Href: "/library", Key: "l"},
			}},
			{Title: "Brand", Entries: []ui.Entry{
				{Label: "Channels", Icon: "radar", Href: "/channels", Key: "h"},
				{Label: "Settings", Icon: "settings", Href: "/settings", Key: "s"},
			}},
		},
		Person: "Ida Holm", Role: "Owner", Account: "/account", SignOut: "/sign-out",
		Ribbons: []ui.Ribbon{{Text: "Demo network: nothing leaves this computer.", Icon: "flask-conical", Action: "Start my own brand", Href: "/start"}},
		Head: ui.Head{
			Title:    "Gallery",
			Sentence: "Every component in each state",
			Actions:  templ.Join(ui.Button(ui.ButtonArgs{Label: "Hold everything", Icon: "octagon-pause", Shrinks: true}), ui.Button(ui.ButtonArgs{Label: "New post", Icon: "plus", Kind: ui.Primary, Key: "n"})),
		},
	}
}

// csp is what the product sends: no inline code and no inline styles.
const csp = "default-src 'self'"

// pages serves the gallery and a sign-in page as the product would.
func pages(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("/theme.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = io.WriteString(w, ui.ThemeCSS(r.URL.Query().Get("hex")))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		show(w, r, ui.Shell(sampleShell(theme(r))), ui.Gallery())
	})
	mux.HandleFunc("/bare", func(w http.ResponseWriter, r *http.Request) {
		page := ui.Bare(ui.BareArgs{Title: "Sign in", Sentence: "Welcome back.", Theme: theme(r), Foot: "Rapport runs on your own server."})
		show(w, r, page, signIn())
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func theme(r *http.Request) ui.Theme {
	if asked := r.URL.Query().Get("theme"); asked != "" {
		return ui.ParseTheme(asked)
	}
	cookie, err := r.Cookie(ui.ThemeCookie)
	if err != nil {
		return ui.ParseTheme("")
	}
	return ui.ParseTheme(cookie.Value)
}

func show(w http.ResponseWriter, r *http.Request, page, content templ.Component) {
	w.Header().Set("Content-Security-Policy", csp)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Render(templ.WithChildren(r.Context(), content), w); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// signIn is what a sign-in page holds.
func signIn() templ.Component {
	return templ.Join(
		templ.Raw(`<form class="form">`),
		ui.Input(ui.Field{Name: "email", Label: "E-mail"}, ui.InputArgs{Type: "email"}),
		ui.Input(ui.Field{Name: "password", Label: "Password"}, ui.InputArgs{Type: "password"}),
		ui.Button(ui.ButtonArgs{Label: "Sign in", Kind: ui.Primary, Submit: true, Size: "lg"}),
		templ.Raw(`</form>`),
	)
}
