// Command limit is the fastest program that answers with Rapport's pages: one
// query for what the page is about and one for what stands on it, and a compiled
// template that writes the whole page. It knows no accounts, no languages, no
// permissions and no other pages, and imports nothing but the standard library,
// the driver and templ. What Rapport needs for the same page from the same file
// is measured against it.
//
// It answers with the first page of topics that stand in a discussion, as a
// visitor sees them in English and in the system's colours, and with the list of
// the latest topics. A test holds that they are Rapport's to the byte.
package main

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"html"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"time"

	_ "modernc.org/sqlite"
)

func main() {
	file := flag.String("db", "", "Rapport's database, an SQLite file")
	addr := flag.String("addr", "127.0.0.1:8300", "where to listen")
	public := flag.String("public", "", "Rapport's address, as its pages name it")
	flag.Parse()
	debug.SetGCPercent(400) // it holds so little that it would collect all the time
	s, err := Open(*file, *public)
	if err != nil {
		fmt.Fprintln(os.Stderr, "limit:", err)
		os.Exit(1)
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("The limit answers at http://%s\n", l.Addr())
	log.Fatal(http.Serve(l, s))
}

// Site answers requests.
type Site struct {
	frame
	mux          *http.ServeMux
	topic, posts *sql.Stmt
	latest       *sql.Stmt
}

// frame is what is the same on all pages.
type frame struct {
	Assets
	Brand, BrandID, Intro, Public string
	Initials, Hue                 string
	Zone                          *time.Location
	Spaces                        []space
	byID                          map[string]space
	Papers                        [][2]string // address and name
}

// Assets are what Rapport's pages say of themselves.
type Assets struct {
	Font, Look, Mark, Script string            // addresses of files
	Live                     string            // of the stream of a topic on which nothing has changed, without its number
	Front                    string            // the front page
	signs                    map[string]string // icons
}

type space struct {
	ID, Slug, Name, Kind string
	Topics               int64
}

// icon is how the space's icon is named: by itself.
func (s space) icon() string { return s.ID }

// Open reads what is the same on all pages: what stands in the file, and the
// addresses of files from a page of Rapport, which answers at the public
// address.
func Open(file, public string) (*Site, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var some string
	if err := db.QueryRow(`SELECT '/t/' || t.slug || '/' || t.number FROM topic t JOIN space s ON s.id = t.space_id
		WHERE t.state = 'live' AND s.kind = 'discussion' AND NOT s.hidden ORDER BY t.number LIMIT 1`).Scan(&some); err != nil {
		return nil, err
	}
	assets, err := Learn(public, some)
	if err != nil {
		return nil, err
	}
	return New(file, public, assets)
}

// New is Open with the addresses of files.
func New(file, public string, assets Assets) (*Site, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=query_only(1)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-4000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(3) // as many as keep two cores busy: each has a cache of its own
	db.SetMaxIdleConns(3)
	s := &Site{frame: frame{Assets: assets, Public: public, byID: map[string]space{}}, mux: http.NewServeMux()}
	if err := s.read(db); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	s.mux.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	s.mux.HandleFunc("GET /t/{slug}/{number}", s.showTopic)
	s.mux.HandleFunc("GET /{$}", s.showLatest)
	return s, nil
}

const (
	topicQuery = `SELECT t.id, t.space_id, t.title, t.slug, t.excerpt, t.replies, t.last_number, t.author_id, t.created_at FROM topic t WHERE t.brand_id = ? AND t.number = ? AND t.state = 'live'`
	postsQuery = `SELECT r.id, r.number, r.answers, r.html, r.team, r.reactions, r.edited_at, r.at, r.author_id, m.handle, m.name
		FROM reply r JOIN member m ON m.id = r.author_id WHERE r.topic_id = ? AND r.number BETWEEN 1 AND 20 AND r.state = 'live' ORDER BY r.number`
	latestQuery = `SELECT t.number, t.space_id, t.title, t.slug, t.excerpt, t.replies, t.last_number, t.last_at, t.answer_id <> '', t.closed_at > 0, t.id, a.handle, a.name, l.name
		FROM topic t JOIN member a ON a.id = t.author_id JOIN member l ON l.id = t.last_by
		WHERE t.brand_id = ? AND t.state = 'live' AND t.space_id NOT IN (SELECT id FROM space WHERE brand_id = ? AND hidden) ORDER BY t.last_at DESC, t.id DESC LIMIT 31`
)

func (s *Site) read(db *sql.DB) error {
	var zone string
	err := db.QueryRow(`SELECT b.id, b.name, b.zone, c.intro FROM brand b JOIN community c ON c.brand_id = b.id ORDER BY b.created_at, b.id LIMIT 1`).Scan(&s.BrandID, &s.Brand, &zone, &s.Intro)
	if err != nil {
		return err
	}
	s.Initials, s.Hue = initials(s.Brand), hue(s.Brand)
	if s.Zone, err = time.LoadLocation(zone); err != nil {
		return err
	}
	rows, err := db.Query(`SELECT id, slug, name, kind, topics FROM space WHERE brand_id = ? AND NOT hidden ORDER BY place, id`, s.BrandID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var one space
		if err := rows.Scan(&one.ID, &one.Slug, &one.Name, &one.Kind, &one.Topics); err != nil {
			return err
		}
		s.Spaces, s.byID[one.ID] = append(s.Spaces, one), one
		s.signs[one.ID] = found(regexp.MustCompile(drawn+`<span>`+regexp.QuoteMeta(html.EscapeString(one.Name))+`</span>`), s.Front)
	}
	for _, p := range [][2]string{{"guidelines", "Guidelines"}, {"terms", "Terms of use"}, {"privacy", "Privacy"}, {"imprint", "Imprint"}} {
		var n int
		if err := db.QueryRow(`SELECT COUNT(*) FROM document WHERE brand_id = ? AND name = ?`, s.BrandID, p[0]).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			s.Papers = append(s.Papers, p)
		}
	}
	for query, to := range map[string]**sql.Stmt{topicQuery: &s.topic, postsQuery: &s.posts, latestQuery: &s.latest} {
		if *to, err = db.Prepare(query); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

type topic struct {
	ID, Title, Slug, Excerpt, Author string
	Number, Replies, LastNumber      int64
	Created                          time.Time
	Space                            space
	Posts                            []post
	Path, Data                       string
}

type post struct {
	ID, HTML, Reactions, Author, Handle, Name string
	Number, Answers, Edited                   int64
	Team                                      bool
	At                                        time.Time
}

func (s *Site) showTopic(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	t, err := s.readTopic(n)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		http.NotFound(w, r)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		s.send(w, r, topicPage(&s.frame, &t, time.Now()))
	}
}

func (s *Site) readTopic(number int64) (topic, error) {
	t := topic{Number: number}
	var space string
	var created int64
	if err := s.topic.QueryRow(s.BrandID, number).Scan(&t.ID, &space, &t.Title, &t.Slug, &t.Excerpt, &t.Replies, &t.LastNumber, &t.Author, &created); err != nil {
		return t, err
	}
	t.Space, t.Created = s.byID[space], time.UnixMilli(created)
	rows, err := s.posts.Query(t.ID)
	if err != nil {
		return t, err
	}
	defer rows.Close()
	t.Posts = make([]post, 0, 20)
	for rows.Next() {
		var p post
		var at int64
		if err := rows.Scan(&p.ID, &p.Number, &p.Answers, &p.HTML, &p.Team, &p.Reactions, &p.Edited, &at, &p.Author, &p.Handle, &p.Name); err != nil {
			return t, err
		}
		p.At = time.UnixMilli(at)
		t.Posts = append(t.Posts, p)
	}
	t.Path = "/t/" + t.Slug + "/" + strconv.FormatInt(number, 10)
	if t.Space.ID == "" || len(t.Posts) == 0 {
		return t, sql.ErrNoRows
	}
	t.Data = s.data(t)
	return t, rows.Err()
}

type line struct {
	ID, Title, Slug, Excerpt, Handle, By, Last string
	Number, Replies, LastNumber, at            int64
	Solved, Closed                             bool
	LastAt                                     time.Time
	Space                                      space
	Path                                       string
}

func (s *Site) showLatest(w http.ResponseWriter, r *http.Request) {
	rows, err := s.latest.Query(s.BrandID, s.BrandID)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer rows.Close()
	all := make([]line, 0, 31)
	for rows.Next() {
		var l line
		var in string
		if err := rows.Scan(&l.Number, &in, &l.Title, &l.Slug, &l.Excerpt, &l.Replies, &l.LastNumber, &l.at, &l.Solved, &l.Closed, &l.ID, &l.Handle, &l.By, &l.Last); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		l.Space, l.LastAt, l.Path = s.byID[in], time.UnixMilli(l.at), "/t/"+l.Slug+"/"+strconv.FormatInt(l.Number, 10)
		all = append(all, l)
	}
	more := ""
	if len(all) > 30 {
		all = all[:30]
		more = "/?after=" + cursor(all[29].at, all[29].ID)
	}
	s.send(w, r, latestPage(&s.frame, all, more, time.Now()))
}
