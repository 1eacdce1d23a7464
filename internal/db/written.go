package db

import (
	"context"
	"database/sql"
	"sync"
)

// written keeps the statements that write transactions run on SQLite, which
// would parse and plan each of them again every time: a third of what a reply
// took. There is one connection that writes, and while a transaction has it
// nothing can be prepared for later; so a transaction notes what it ran, and the
// statements are prepared once it is over.
type written struct {
	on *sql.DB

	mu    sync.Mutex
	kept  map[string]*sql.Stmt
	often map[string]int // how often a text was run that is not kept
	due   []string       // texts to prepare once the connection is free
}

const (
	// preparedAfter is how often a text is run before it is worth keeping: lists
	// of ids give texts that never come again.
	preparedAfter = 3
	// notedMost bounds the texts whose runs are counted.
	notedMost = 2000
)

// statement returns the kept statement, or nil where the text is to be run as it
// is.
func (w *written) statement(query string) *sql.Stmt {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := w.kept[query]
	if st == nil && len(w.kept) < preparedMost {
		if len(w.often) >= notedMost {
			clear(w.often)
		}
		if w.often[query]++; w.often[query] == preparedAfter {
			w.due = append(w.due, query)
		}
	}
	return st
}

// prepare keeps what was run often enough. The connection must be free, and the
// caller be the only one who writes.
func (w *written) prepare(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	due := w.due
	w.due = nil
	for _, query := range due {
		if delete(w.often, query); w.kept[query] != nil || len(w.kept) >= preparedMost {
			continue
		}
		// An error is left to the next run of the text, which reports it in its own
		// way.
		if st, err := w.on.PrepareContext(ctx, query); err == nil {
			w.kept[query] = st
		}
	}
}

// ExecContext runs a statement in the transaction.
func (t *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := t.statement(ctx, query); st != nil {
		return st.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}

// QueryContext reads in the transaction.
func (t *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := t.statement(ctx, query); st != nil {
		// While its rows are read it must not be run again, and nobody says when
		// that ends: the next run in this transaction is another statement's.
		t.run[query] = busy
		return st.QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, query, args...)
}

// QueryRowContext reads one row in the transaction.
func (t *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st := t.statement(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, query, args...)
}

var busy = new(sql.Stmt)

// statement is the kept one for this transaction, the same each time it asks.
func (t *Tx) statement(ctx context.Context, query string) *sql.Stmt {
	if t.DB.written == nil {
		return nil
	}
	if st := t.run[query]; st != nil {
		if st == busy {
			return nil
		}
		return st
	}
	st := t.DB.written.statement(query)
	if st == nil {
		return nil
	}
	st = t.Tx.StmtContext(ctx, st)
	if t.run == nil {
		t.run = map[string]*sql.Stmt{}
	}
	t.run[query] = st
	return st
}
