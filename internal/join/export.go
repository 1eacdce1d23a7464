package join

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/media/picture"
	"rapport/internal/member"
	"rapport/internal/topic"
)

// Format names the shape of an export. It changes with what is in one.
const Format = "rapport.member/1"

// Export writes everything that a community keeps of the acting member, for
// themselves, as one JSON document: who they are, what they answered and
// accepted, and lists of all they wrote with what it said before, of what was
// decided about it, and of what they kept, followed and thought of others'
// words, with their pictures as data addresses. Times are RFC 3339 in UTC; what has no value is left out. It is
// written page by page, so that it may be of any size; an error may come after
// a part of it was written.
func (j *Join) Export(ctx context.Context, v member.Voice, w io.Writer) error {
	if v.Member.ID == "" || v.Who.Account == "" || v.Who.Token != "" {
		return errSignIn
	}
	m, err := member.OfAccount(ctx, j.DB, v.Brand, v.Who.Account)
	if err != nil {
		return err
	}
	return write(ctx, j.DB, m, j, w)
}

// face is a member's picture as a data address; "" where there is none or it
// cannot be read.
func (j *Join) face(ctx context.Context, m member.Member) string {
	key, mime, err := member.FaceFile(ctx, j.DB, m.Brand, path.Base(m.Picture))
	if err != nil {
		return ""
	}
	return j.dataAddress(ctx, key, mime)
}

// shown is a picture in what a member wrote, likewise.
func (j *Join) shown(ctx context.Context, brandID, id string) string {
	p, err := topic.PictureByID(ctx, j.DB, brandID, id)
	if err != nil {
		return ""
	}
	return j.dataAddress(ctx, p.Blob, p.Mime)
}

func (j *Join) dataAddress(ctx context.Context, key, mime string) string {
	body, _, err := j.Blobs.Open(ctx, key)
	if err != nil {
		return ""
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, picture.MaxBytes))
	if err != nil {
		return ""
	}
	return "data:" + mime + ";base64," + base64.StdEncoding.EncodeToString(raw)
}

// Of returns what a community keeps of a person as Export writes it, for
// callers who have asked whether it may be; nil where they are no member. More
// than 64 MiB are fault.Unavailable.
func Of(ctx context.Context, q db.Queryer, brandID, personID string) (json.RawMessage, error) {
	ids, err := of(ctx, q, brandID, personID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	m, err := member.ByID(ctx, q, brandID, ids[0])
	if err != nil {
		return nil, err
	}
	var b bounded
	if err := Write(ctx, q, m, &b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

const mostInMemory = 64 << 20 // bytes

type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > mostInMemory {
		return 0, fault.New(fault.Unavailable, "They wrote too much for one file. Ask whoever runs this installation for a copy from the database.")
	}
	return b.Buffer.Write(p)
}

// Write is Export of any member, for callers who have asked whether it may be.
// The pictures themselves are not in it.
func Write(ctx context.Context, q db.Queryer, m member.Member, w io.Writer) error {
	return write(ctx, q, m, nil, w)
}

// write takes the files from j, where it is not nil.
func write(ctx context.Context, q db.Queryer, m member.Member, j *Join, w io.Writer) error {
	b, err := brand.ByID(ctx, q, access.System(), m.Brand)
	if err != nil {
		return err
	}
	out := &paper{w: bufio.NewWriter(w)}
	out.field("format", Format)
	out.field("exported_at", q.Now().Time())
	out.field("brand", b.Name)
	who := profileOf(m)
	if j != nil {
		who.Picture = j.face(ctx, m)
	}
	out.field("member", who)
	for _, l := range lists {
		if err := l.write(ctx, q, m, j, out); err != nil {
			return fmt.Errorf("join: export %s: %w", l.name, err)
		}
	}
	if err := out.end(); err != nil {
		return fmt.Errorf("join: export: %w", err)
	}
	return nil
}

// paper is one JSON object that is written field by field.
type paper struct {
	w   *bufio.Writer
	n   int // fields that were written
	err error
}

func (p *paper) raw(s string) {
	if p.err == nil {
		_, p.err = p.w.WriteString(s)
	}
}

func (p *paper) value(v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); p.err == nil {
		p.err = err
	}
	p.raw(strings.TrimSuffix(b.String(), "\n"))
}

func (p *paper) name(s string) {
	start := "{\n  "
	if p.n++; p.n > 1 {
		start = ",\n  "
	}
	p.raw(start)
	p.value(s)
	p.raw(": ")
}

func (p *paper) field(name string, v any) {
	p.name(name)
	p.value(v)
}

func (p *paper) end() error {
	p.raw("\n}\n")
	if p.err == nil {
		p.err = p.w.Flush()
	}
	return p.err
}

// profile is a member as the export shows them.
type profile struct {
	ID        string          `json:"id"`
	Handle    string          `json:"handle"`
	Name      string          `json:"name"`
	Bio       string          `json:"bio,omitempty"`
	Link      string          `json:"link,omitempty"`
	Picture   string          `json:"picture,omitempty"`     // as a data address
	Why       string          `json:"picture_why,omitempty"` // the team took it away
	Listed    bool            `json:"listed"`
	State     member.State    `json:"state"`
	Reason    string          `json:"reason,omitempty"`
	Answers   []member.Answer `json:"answers"`
	JoinedAt  time.Time       `json:"joined_at"`
	SeenAt    time.Time       `json:"seen_at"`
	TrustedAt *time.Time      `json:"trusted_at,omitempty"`
	Posts     int64           `json:"posts"`
	Solved    int64           `json:"solved"`
}

func profileOf(m member.Member) profile {
	return profile{ID: m.ID, Handle: m.Handle, Name: m.Name, Bio: m.Bio, Link: m.Link, Why: m.Why, Listed: m.Listed, State: m.State, Reason: m.Reason,
		Answers: append([]member.Answer{}, m.Answers...), JoinedAt: m.JoinedAt.Time(), SeenAt: m.SeenAt.Time(), TrustedAt: moment(m.TrustedAt), Posts: m.Posts, Solved: m.Solved}
}

// moment is a time that may not be there.
func moment(at db.Time) *time.Time {
	if at == 0 {
		return nil
	}
	return new(at.Time())
}

// exported is how many rows are held in memory.
const exported = 200

// list is one list of an export: a query of the rows after a key (a time and
// an id), in their order, whose first two columns are that key. $1 is the
// brand, $2 the member, $3 and $4 the key, $5 how many.
type list struct {
	name  string
	query string
	// names are what the other columns are called; one that ends with _at is a
	// time and is left out where there is none, as is an empty text.
	names []string
	// within adds to some rows, by their ids, what hangs below them.
	within func(ctx context.Context, q db.Queryer, m member.Member, all []row) error
	// file is what an entry's file is called; "" where it has none.
	file string
}

// row is an entry of a list, with the key it is read by.
type row struct {
	at    db.Time
	id    string
	entry map[string]any
}

var lists = []list{
	{name: "handles", names: []string{"handle"}, query: `SELECT 0, handle, handle FROM member_handle WHERE brand_id = $1 AND member_id = $2 AND (0, handle) > ($3, $4) ORDER BY handle LIMIT $5`},
	{name: "accounts_elsewhere", names: []string{"network", "handle", "state", "shown", "way", "url", "named_at", "settled_at"}, query: `SELECT created_at, id, network, handle, state, CASE WHEN shown THEN 1 ELSE 0 END, way, url, created_at, CASE WHEN state = 'open' THEN 0 ELSE state_at END FROM claim
		WHERE brand_id = $1 AND member_id = $2 AND (created_at, id) > ($3, $4) ORDER BY created_at, id LIMIT $5`},
	{name: "messages_elsewhere", names: []string{"id", "network", "handle", "text", "warning", "url", "written_at"}, query: `SELECT m.at, m.id, m.id, i.network, i.handle, m.text, m.warning, m.url, m.at
		FROM member w JOIN message m ON m.brand_id = w.brand_id AND m.person_id = w.person_id AND m.person_id <> ''
		JOIN claim c ON c.brand_id = w.brand_id AND c.member_id = w.id AND c.state = 'proven' AND c.identity_id = m.identity_id JOIN identity i ON i.id = m.identity_id
		WHERE w.brand_id = $1 AND w.id = $2 AND (m.at, m.id) > ($3, $4) ORDER BY m.at, m.id LIMIT $5`},
	{name: "acceptances", names: []string{"document", "version", "accepted_at"}, query: `SELECT at, name || '/' || version, name, version, at FROM acceptance
		WHERE brand_id = $1 AND member_id = $2 AND (at, name || '/' || version) > ($3, $4) ORDER BY at, name || '/' || version LIMIT $5`},
	{name: "came_by", names: []string{"link", "source", "campaign", "joined_at"}, query: `SELECT j.at, j.link_id, l.target, l.source, l.campaign, j.at FROM link_joined j JOIN link l ON l.id = j.link_id
		WHERE j.brand_id || '' = $1 AND j.member_id = $2 AND (j.at, j.link_id) > ($3, $4) ORDER BY j.at, j.link_id LIMIT $5`},
	{name: "topics", names: []string{"id", "number", "space", "title", "state", "created_at"}, query: `SELECT t.created_at, t.id, t.id, t.number, s.name, t.title, t.state, t.created_at
		FROM topic t JOIN space s ON s.id = t.space_id WHERE t.brand_id = $1 AND t.author_id = $2 AND (t.created_at, t.id) > ($3, $4) ORDER BY t.created_at, t.id LIMIT $5`},
	{name: "replies", names: []string{"id", "topic", "number", "answers", "state", "text", "created_at", "edited_at"}, within: versions,
		query: `SELECT r.at, r.id, r.id, r.topic_id, r.number, r.answers, r.state, r.text, r.created_at, r.edited_at FROM reply r
		WHERE r.brand_id = $1 AND r.author_id = $2 AND (r.at, r.id) > ($3, $4) ORDER BY r.at, r.id LIMIT $5`},
	{name: "decisions", names: []string{"reply", "decision", "rule", "reason", "excerpt", "decided_at"}, query: `SELECT d.at, d.id, d.reply_id, d.act, d.rule, d.reason, d.excerpt, d.at
		FROM reply r JOIN decision d ON d.reply_id = r.id WHERE r.brand_id = $1 AND r.author_id = $2 AND (d.at, d.id) > ($3, $4) ORDER BY d.at, d.id LIMIT $5`},
	{name: "drafts", names: []string{"topic", "title", "text", "saved_at"}, query: `SELECT at, place, place, title, text, at FROM topic_draft
		WHERE brand_id || '' = $1 AND member_id = $2 AND (at, place) > ($3, $4) ORDER BY at, place LIMIT $5`},
	{name: "reactions", names: []string{"reply", "reaction", "given_at"}, query: `SELECT at, reply_id || ' ' || kind, reply_id, kind, at FROM reaction
		WHERE brand_id = $1 AND member_id = $2 AND (at, reply_id || ' ' || kind) > ($3, $4) AND at >= $3 ORDER BY at, reply_id || ' ' || kind LIMIT $5`},
	{name: "bookmarks", names: []string{"reply", "kept_at"}, query: `SELECT at, reply_id, reply_id, at FROM bookmark
		WHERE brand_id = $1 AND member_id = $2 AND (at, reply_id) > ($3, $4) ORDER BY at, reply_id LIMIT $5`},
	{name: "following", names: []string{"subject", "level", "because", "read_to", "changed_at"}, query: `SELECT at, subject, subject, level, because, seen, at FROM watch
		WHERE brand_id || '' = $1 AND member_id = $2 AND (at, subject) > ($3, $4) ORDER BY at, subject LIMIT $5`},
	{name: "notice_choices", names: []string{"kind", "list", "mail", "digest"}, query: `SELECT 0, kind, kind, CASE WHEN shown THEN 'yes' ELSE 'no' END, CASE WHEN mail THEN 'yes' ELSE 'no' END, CASE WHEN digest THEN 'yes' ELSE 'no' END FROM notice_choice
		WHERE brand_id = $1 AND member_id = $2 AND (0, kind) > ($3, $4) ORDER BY kind LIMIT $5`},
	{name: "notice_digest", names: []string{"every", "weekday", "hour", "zone", "last_at", "next_at"}, query: `SELECT 0, member_id, every, weekday, hour, zone, since, next_at FROM notice_digest
		WHERE brand_id = $1 AND member_id = $2 AND (0, member_id) > ($3, $4) LIMIT $5`},
	{name: "notices", names: []string{"id", "kind", "topic", "reply", "told_at", "read_at"}, query: `SELECT at, id, id, kind, topic_id, reply_id, at, read_at FROM notice
		WHERE brand_id = $1 AND member_id = $2 AND (at, id) > ($3, $4) ORDER BY at, id LIMIT $5`},
	{name: "flags", names: []string{"reply", "flag", "note", "flagged_at", "settled_at"}, query: `SELECT at, id, reply_id, reason, note, at, settled_at FROM flag
		WHERE brand_id = $1 AND member_id = $2 AND (at, id) > ($3, $4) ORDER BY at, id LIMIT $5`},
	{name: "pictures", file: "picture", names: []string{"id", "address", "mime", "bytes", "width", "height", "added_at"}, query: `SELECT at, id, id, '/p/' || id, mime, bytes, width, height, at FROM topic_picture
		WHERE brand_id = $1 AND member_id = $2 AND (at, id) > ($3, $4) ORDER BY at, id LIMIT $5`},
}

func (l list) write(ctx context.Context, q db.Queryer, m member.Member, j *Join, out *paper) error {
	out.name(l.name)
	out.raw("[")
	sep := "\n    "
	at, id := db.Time(-1), ""
	for {
		got, err := q.QueryContext(ctx, l.query, m.Brand, m.ID, at, id, exported)
		all, err := db.Collect(got, err, l.scan)
		if err == nil && l.within != nil && len(all) > 0 {
			err = l.within(ctx, q, m, all)
		}
		if err != nil {
			return err
		}
		for _, r := range all {
			if l.file != "" && j != nil { // one at a time in memory
				put(r.entry, l.file, j.shown(ctx, m.Brand, r.id))
			}
			out.raw(sep)
			out.value(r.entry)
			sep, at, id = ",\n    ", r.at, r.id
		}
		if len(all) < exported || out.err != nil {
			out.raw("]")
			return nil
		}
	}
}

func (l list) scan(r *sql.Rows) (one row, err error) {
	values := make([]any, len(l.names))
	dest := []any{&one.at, &one.id}
	for i := range values {
		dest = append(dest, &values[i])
	}
	if err := r.Scan(dest...); err != nil {
		return one, err
	}
	one.entry = map[string]any{}
	for i, name := range l.names {
		put(one.entry, name, values[i])
	}
	return one, nil
}

// put adds a value that is there.
func put(entry map[string]any, name string, v any) {
	switch v := v.(type) {
	case []byte:
		put(entry, name, string(v))
	case string:
		if v != "" {
			entry[name] = v
		}
	case int64:
		if !isTime(name) {
			entry[name] = v
		} else if v != 0 {
			entry[name] = db.Time(v).Time()
		}
	default:
		entry[name] = v
	}
}

func isTime(name string) bool { return len(name) > 3 && name[len(name)-3:] == "_at" }

// versions adds to replies what they said before.
func versions(ctx context.Context, q db.Queryer, m member.Member, all []row) error {
	args, at := []any{m.Brand}, map[string]map[string]any{}
	for _, r := range all {
		args, at[r.id] = append(args, r.id), r.entry
	}
	rows, err := q.QueryContext(ctx, `SELECT reply_id, title, text, at FROM revision WHERE brand_id || '' = $1 AND reply_id IN (`+db.In(2, len(all))+`) ORDER BY reply_id, number`, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id, title, text string
		var when db.Time
		err := r.Scan(&id, &title, &text, &when)
		was := map[string]any{"written_at": when.Time()}
		put(was, "title", title)
		put(was, "text", text)
		before, _ := at[id]["before"].([]any)
		at[id]["before"] = append(before, was)
		return struct{}{}, err
	})
	return err
}
