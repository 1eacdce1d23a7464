package web

import (
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
