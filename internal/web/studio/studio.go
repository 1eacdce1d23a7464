// Package studio is what all pages of the studio share: who asks and where they
// may pass, the frame around a page, how is answered, how a form is read, and
// the rows, pictures and words that several areas show. It knows no area.
package studio

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/archive"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/health"
	"rapport/internal/hook"
	"rapport/internal/letter"
	"rapport/internal/live"
	"rapport/internal/media"
	"rapport/internal/network"
	"rapport/internal/promote"
	"rapport/internal/publish"
)

// Deps are what the pages work with. All but the fields of Site are needed.
type Deps struct {
	DB       *db.DB
	Channels *channel.Channels
	Media    *media.Library
	Archives *archive.Archiver
	Desk     publish.Desk
	Networks *network.Set
	Bridge   *bridge.Community
	Hooks    *hook.Sender
	Letters  *letter.Letters
	Health   *health.Looker
	Admit    *admit.Door
	Promote  *promote.Promoter
	Hub      *live.Hub
	Log      *slog.Logger
	Site     Site
}

// Site is what pages say about the installation, and how requests are read.
type Site struct {
	Version string
	Mail    bool          // letters are sent; else they are kept and shown
	Dev     bool          // developers' pages are there
	Rates   account.Rates // of API tokens; zero is the standard
	// Public is the address the operator declared; nil where none was.
	Public *url.URL
	// Secure reports whether the browser came by HTTPS; r.TLS decides if nil.
	Secure func(*http.Request) bool
	// Address is the browser's address; r.RemoteAddr if nil.
	Address func(*http.Request) string
}

// Studio is what the pages of an area are made with.
type Studio struct{ Deps }

// New returns it. Without a log nothing is logged.
func New(d Deps) *Studio {
	if d.Log == nil {
		d.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return &Studio{d}
}
