package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/markdown"
	"rapport/internal/media"
	"rapport/internal/member"
	noun "rapport/internal/person"
	"rapport/internal/post"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// holdReason is what an owner reads on the hold of a brand that was brought in.
const holdReason = "This brand was brought in from an archive. Connect its channels again, look through what is planned, and hold it where it came from before you release it here."

// atOnce is how many rows are written in one go: others write between.
const atOnce = 400

// loader writes a source that was looked through.
type loader struct {
	*source
	d       *db.DB
	library *media.Library
	mine    *Import
	brand   brand.Brand
	at      db.Time
	local   map[string]string // ids of accounts, as they are here
	gone    string            // stands for whoever is not known here
	moved   func(done int64) error
	written int64
}

// load writes everything and hands the brand to its owner at the end. What it
// leaves behind when it fails is the caller's to erase.
func (l *loader) load(ctx context.Context, who access.Who, owner string) error {
	l.local, l.gone, l.at = map[string]string{}, db.NewID(), l.d.Now()
	if err := l.begin(ctx); err != nil {
		return err
	}
	for _, t := range tables {
		if t.name == grants {
			continue
		}
		if err := l.table(ctx, t); err != nil {
			return err
		}
	}
	if err := l.findable(ctx); err != nil {
		return err
	}
	return l.handOver(ctx, who, owner)
}

// grants is the table that lets people in. It comes last, so that nobody sees
// half a brand.
const grants = "access_grant"

// handOver lets the owner in, and the team as far as it is known here.
func (l *loader) handOver(ctx context.Context, who access.Who, owner string) error {
	at := slices.IndexFunc(tables, func(t table) bool { return t.name == grants })
	var rows [][]any
	statement, columns := l.statement(tables[at])
	err := l.rows(ctx, tables[at], columns, func(row []any) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return err
	}
	l.written += int64(len(rows))
	return l.d.Tx(ctx, func(tx *db.Tx) error {
		if err := db.Many(ctx, tx, statement, rows); err != nil {
			return unwritten(tables[at], err)
		}
		// Numbers that were counted from half of it are counted anew.
		if _, err := tx.ExecContext(ctx, `DELETE FROM tally WHERE brand_id = $1`, l.brand.ID); err != nil {
			return fmt.Errorf("archive: bring in: %w", err)
		}
		return brand.HandOver(ctx, tx, who, owner, l.brand)
	})
}

// unwritten says why things of a file could not be kept.
func unwritten(t table, err error) error {
	if db.IsDuplicate(err) {
		return fault.As(fault.Conflict, err, "Something in this archive is here already, as part of another brand. Nothing was brought in.")
	}
	return fmt.Errorf("archive: bring in %s: %w", t.name, err)
}

// begin writes the brand and its people.
func (l *loader) begin(ctx context.Context) error {
	b := l.source.brand
	var logo []byte
	if l.files[logoName] != nil {
		var err error
		if logo, err = l.picture(logoName); err != nil {
			return err
		}
	}
	err := l.d.Tx(ctx, func(tx *db.Tx) (err error) {
		l.brand, err = brand.Bring(ctx, tx, brand.Brand{ID: b.ID, Slug: b.Slug, Name: b.Name, Color: b.Color, Zone: b.Zone, Language: b.Language,
			Demo: b.Demo, Tolerance: time.Duration(b.ToleranceS) * time.Second, Retention: b.Retention,
			ActivityDays: b.ActivityDays, LetterDays: b.LetterDays, CreatedAt: db.At(b.CreatedAt)}, holdReason)
		if err != nil {
			return err
		}
		l.mine.Brand = l.brand.ID
		if logo != nil {
			if err := brand.BringLogo(ctx, tx, l.library.Blobs, l.brand.ID, logo); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE brand_import SET brand = $2 WHERE id = $1`, l.mine.ID, l.brand.ID); err != nil {
			return err
		}
		for _, p := range l.people {
			a, err := account.Bring(ctx, tx, p.ID, p.Email, p.Name)
			if err != nil {
				return err
			}
			l.local[p.ID] = a.ID
		}
		return nil
	})
	if err != nil {
		l.mine.Brand = "" // it was not begun
	}
	return err
}

func (l *loader) table(ctx context.Context, t table) error {
	statement, columns := l.statement(t)
	var batch [][]any
	flush := func() error {
		err := l.d.Tx(ctx, func(tx *db.Tx) error { return db.Many(ctx, tx, statement, batch) })
		if err != nil {
			return unwritten(t, err)
		}
		l.written += int64(len(batch))
		batch = batch[:0]
		return l.moved(l.written)
	}
	err := l.rows(ctx, t, columns, func(row []any) error {
		if batch = append(batch, row); len(batch) < atOnce {
			return nil
		}
		return flush()
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return flush()
}

// statement writes one thing, with its columns in that order.
func (l *loader) statement(t table) (statement string, columns []string) {
	columns = []string{"brand_id"}
	for _, f := range t.fields {
		columns = append(columns, f.col())
	}
	columns = append(columns, l.more(t)...)
	return `INSERT INTO ` + t.name + ` (` + strings.Join(columns, ", ") + `) VALUES (` + db.In(1, len(columns)) + `)`, columns
}

// rows gives the values of each thing of a file, as they are written here.
func (l *loader) rows(ctx context.Context, t table, columns []string, give func([]any) error) error {
	return l.each(t, func(row map[string]any) error {
		if err := l.fit(ctx, t, row); err != nil {
			return err
		}
		args := make([]any, 0, len(columns))
		args = append(args, l.brand.ID)
		for _, c := range columns[1:] {
			args = append(args, row[c])
		}
		return give(args)
	})
}

// more are the columns that are no fields but must be written.
func (l *loader) more(t table) []string {
	switch t.name {
	case "channel":
		return []string{"credential", "state_reason"}
	case "media":
		return []string{"blob", "thumb", "original", "search"}
	case "delivery":
		return []string{"run_at"}
	case "channel_import":
		return []string{"cursor"}
	case "audit":
		return []string{"area"}
	case "member":
		return []string{"name_key", "picture"}
	case "topic_picture":
		return []string{"blob"}
	case "member_handle":
		return []string{"skeleton"}
	case "topic":
		return []string{"slug"}
	case "reply", "document":
		return []string{"html"}
	}
	return nil
}

// fit makes a thing one of this installation.
func (l *loader) fit(ctx context.Context, t table, row map[string]any) error {
	for _, f := range t.fields {
		v, isText := row[f.col()].(string)
		switch {
		case !isText || v == "":
		case f.kind == somebody:
			row[f.col()] = l.whoever(v)
		case f.kind == anything && l.local[v] != "":
			row[f.col()] = l.local[v]
		case f.kind == loose && !l.holds(f, v):
			row[f.col()] = ""
		}
	}
	switch t.name {
	case "hold":
		if row["released_at"].(int64) == 0 {
			row["released_at"] = int64(l.at)
		}
	case "channel":
		l.fitChannel(row)
	case "media":
		return l.fitMedia(ctx, row)
	case "delivery":
		l.fitDelivery(row)
	case "part":
		if s := row["state"].(string); s == "sending" || s == "pending" {
			row["state"] = "unknown"
		}
	case "note":
		return l.fitNote(row)
	case "member":
		l.fitCommunity(t.name, row)
		return l.fitFace(ctx, row)
	case "topic_picture":
		return l.fitPicture(ctx, row)
	case "member_handle", "topic", "reply", "document":
		l.fitCommunity(t.name, row)
	case "audit":
		row["area"] = string(audit.AreaOf(row["act"].(string)))
	case "channel_import":
		row["cursor"] = ""
		if row["state"].(string) == "running" {
			row["state"] = "done"
		}
	}
	return nil
}

// fitFace draws a member's picture anew. One that cannot be used is left out.
func (l *loader) fitFace(ctx context.Context, row map[string]any) error {
	row["picture"] = ""
	id := row["id"].(string)
	if l.files[facesFolder+id+"/picture"] == nil {
		return nil
	}
	file, err := l.picture(facesFolder + id + "/picture")
	if err != nil {
		return err
	}
	key, err := member.BringFace(ctx, l.library.Blobs, l.brand.ID, id, file)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	row["picture"] = key
	return nil
}

// fitPicture keeps a picture of what a member wrote. A file that was gone when
// the archive was made is gone here too.
func (l *loader) fitPicture(ctx context.Context, row map[string]any) (err error) {
	id := row["id"].(string)
	var file io.ReadCloser
	if l.files[postsFolder+id] != nil {
		if file, err = l.open(postsFolder + id); err != nil {
			return err
		}
		defer file.Close()
	}
	row["blob"], err = topic.BringPicture(ctx, l.library.Blobs, l.brand.ID, id, file)
	return err
}

func (l *loader) whoever(id string) string {
	if here := l.local[id]; here != "" {
		return here
	}
	return l.gone
}

func (l *loader) holds(f field, v string) bool {
	id, err := id36(v)
	if err != nil {
		return false
	}
	for noun := range strings.FieldsSeq(f.of) {
		if l.ids[noun][id] {
			return true
		}
	}
	return false
}

// fitChannel: its access is not in the archive.
func (l *loader) fitChannel(row map[string]any) {
	row["credential"], row["state_reason"] = "", ""
	if row["state"].(string) != "removed" {
		row["state"], row["state_at"] = "attention", int64(l.at)
		row["state_reason"] = "It came with an archive, which holds no accesses. Connect it again."
	}
}

// fitDelivery: whatever may have been sent since the archive was made is not
// sent from here but asks a person.
func (l *loader) fitDelivery(row map[string]any) {
	row["run_at"] = row["due_at"]
	switch state := row["state"].(string); {
	case state == "claimed" || state == "preparing" || state == "sending" || state == "pending":
		row["state"], row["reason_code"] = "unknown", "imported"
		row["reason"] = "It was on its way when the archive was made. Look at the channel, then say what you found."
	case state == "scheduled" && row["due_at"].(int64) <= int64(l.at):
		row["state"], row["reason_code"] = "missed", "imported"
		row["reason"] = "Its time passed before the archive was brought in. It may have gone out where the archive came from."
	default:
		return
	}
	row["updated_at"] = int64(l.at)
}

// fitCommunity derives what is made of the words. What is shown of a reply is
// made once all members are there, see findable. Whose account is not known has
// none: two members never share one.
func (l *loader) fitCommunity(table string, row map[string]any) {
	switch table {
	case "member":
		row["name_key"] = member.NameKey(row["name"].(string))
		if row["account_id"].(string) == l.gone {
			row["account_id"] = ""
		}
	case "member_handle":
		row["skeleton"] = member.Skeleton(row["handle"].(string))
	case "topic":
		row["slug"] = space.Slug(row["title"].(string))
	case "reply":
		row["html"] = ""
	case "document":
		row["html"] = markdown.Render(row["text"].(string), markdown.Options{}).HTML
	}
}

func (l *loader) fitNote(row map[string]any) error {
	raw := row["mentions"].(string)
	if raw == "" {
		return nil
	}
	var named []string
	if err := json.Unmarshal([]byte(raw), &named); err != nil {
		return err
	}
	for i := range named {
		named[i] = l.whoever(named[i])
	}
	out, err := json.Marshal(named)
	row["mentions"] = string(out)
	return err
}

func (l *loader) fitMedia(ctx context.Context, row map[string]any) error {
	id := row["id"].(string)
	row["search"] = media.Searchable(row["name"].(string), row["alt"].(string))
	full, original := mediaFolder+id+"/full", mediaFolder+id+"/original"
	// A file that was gone when the archive was made is gone here too.
	row["blob"], row["thumb"], row["original"] = "media/"+l.brand.ID+"/"+id+"/gone", "media/"+l.brand.ID+"/"+id+"/gone", ""
	if l.files[full] == nil {
		return nil
	}
	file, err := l.picture(full)
	if err != nil {
		return err
	}
	var first []byte
	if l.files[original] != nil {
		if first, err = l.picture(original); err != nil {
			return err
		}
	}
	kept, err := l.library.Bring(ctx, l.brand.ID, id, row["mime"].(string), file, first)
	if err != nil {
		return err
	}
	row["blob"], row["thumb"], row["original"] = kept.Full, kept.Thumb, kept.Original
	return nil
}

// findable makes what was brought in found by its words.
func (l *loader) findable(ctx context.Context) error {
	for _, index := range []func(context.Context, *db.Tx, string, string, int) (string, error){
		post.Reindex, conversation.Reindex, noun.Reindex, topic.Reindex,
	} {
		for after := ""; ; {
			var next string
			err := l.d.Tx(ctx, func(tx *db.Tx) (err error) {
				next, err = index(ctx, tx, l.brand.ID, after, 50)
				return err
			})
			if err := errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			if after = next; next == "" {
				break
			}
		}
	}
	return nil
}
