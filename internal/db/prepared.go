package db

import (
	"context"
	"database/sql"
	"sync"
)

// prepared keeps the statements that are read with outside transactions, since
// SQLite otherwise parses and plans the same text at every call: a quarter of
// the server's CPU under the API's load. PostgreSQL's driver does the same by
// itself.
type prepared struct {
	on *sql.DB

	mu   sync.RWMutex
	byID map[string]*sql.Stmt
}

// preparedMost bounds the statements: lists of ids give a text for each
// length. What comes after them is parsed at each call.
const preparedMost = 400

// statement returns the kept statement, or nil where the text is to be run as
// it is.
func (p *prepared) statement(ctx context.Context, query string) *sql.Stmt {
	if p == nil {
		return nil
	}
	p.mu.RLock()
	st, full := p.byID[query], len(p.byID) >= preparedMost
	p.mu.RUnlock()
	if st != nil || full {
		return st
	}
	// An error is left to the call itself, which reports it in its own way.
	fresh, err := p.on.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	return p.keep(query, fresh)
}

func (p *prepared) keep(query string, fresh *sql.Stmt) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := p.byID[query]; other != nil || len(p.byID) >= preparedMost {
		fresh.Close()
		return other
	}
	p.byID[query] = fresh
	return fresh
}
