package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"rapport/internal/db"
	"rapport/internal/fault"
	links "rapport/internal/link"
	"rapport/internal/media/picture"
	"rapport/internal/member"
	"rapport/internal/post"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// What an archive may be at most. They keep a hostile one from filling memory
// or disk.
const (
	mostFiles  = 400_000
	mostWhole  = 64 << 30 // bytes of all parts, unpacked
	mostLine   = 4 << 20  // bytes of one thing
	mostSmall  = 8 << 20  // bytes of a part that is read whole
	mostListed = 1 << 8   // bytes of the manifest for each file, and mostSmall besides
	mostText   = 1 << 20  // bytes of one text
	mostShrunk = 400      // a part may be so many times larger than it is packed
	mostPeople = 100_000
	mostThings = 50_000_000
)

// source is an archive that was looked through: all of it is well formed,
// whole, and refers to itself only.
type source struct {
	manifest Manifest
	brand    Brand
	people   []person
	files    map[string]*zip.File
	listed   map[string]File
	ids      map[string]map[uuid.UUID]bool // by noun
	known    map[string]bool               // ids of people
	posts    map[string]topic.Picture      // in what members wrote, by id
	things   int64
}

// look reads the whole archive and keeps what its parts refer to. It writes
// nothing. moved is told how many things were looked at.
func look(ctx context.Context, r io.ReaderAt, size int64, moved func(int64) error) (*source, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, damaged("it is no zip file.")
	}
	s := &source{files: map[string]*zip.File{}, listed: map[string]File{}, ids: map[string]map[uuid.UUID]bool{}, known: map[string]bool{}, posts: map[string]topic.Picture{}}
	if err := s.names(z); err != nil {
		return nil, err
	}
	if err := s.whole(); err != nil {
		return nil, err
	}
	var done int64
	for _, t := range tables {
		if t.noun != "" {
			s.ids[t.noun] = map[uuid.UUID]bool{}
		}
		err := s.each(t, func(row map[string]any) error {
			if done++; done%often == 0 {
				return errors.Join(ctx.Err(), moved(done))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if err := s.picturesSound(ctx, func() error { return moved(done) }); err != nil {
		return nil, err
	}
	if s.files[logoName] != nil {
		file, err := s.picture(logoName)
		if err == nil {
			_, _, err = picture.Check(file)
		}
		if err != nil {
			return nil, damaged("%s is no picture: %s", logoName, fault.Text(err))
		}
	}
	s.things = done
	return s, nil
}

var pictureName = regexp.MustCompile(`^(?:media/([0-9a-f-]{36})/(?:full|original)|members/([0-9a-f-]{36})/picture|pictures/([a-z0-9]{10,40}))$`)

// names checks which parts there are, and what they claim.
func (s *source) names(z *zip.Reader) error {
	if len(z.File) > mostFiles {
		return damaged("it has more than %d files in it.", mostFiles)
	}
	known := map[string]bool{manifestName: true, logoName: true, brandName: true, accountsName: true, "index.html": true}
	for _, t := range slices.Concat(tables, shownOnly) {
		known[t.file+".jsonl"] = true
	}
	var whole uint64
	for _, f := range z.File {
		if !known[f.Name] && !pictureName.MatchString(f.Name) {
			return damaged("it does not belong in one, %q.", clip(f.Name))
		}
		if s.files[f.Name] != nil {
			return damaged("%s is in it twice.", f.Name)
		}
		if f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/max(f.CompressedSize64, 1) > mostShrunk {
			return damaged("%s would grow far too large.", f.Name)
		}
		if whole += f.UncompressedSize64; whole > mostWhole || f.UncompressedSize64 > mostWhole {
			return damaged("unpacked it is larger than %d GB.", mostWhole>>30)
		}
		s.files[f.Name] = f
	}
	return nil
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 80)], "?") }

// whole reads the manifest, the brand and the people, and compares what is
// there with what the manifest lists.
func (s *source) whole() error {
	if err := s.small(manifestName, &s.manifest); err != nil {
		return err
	}
	if s.manifest.Format != Format {
		return fault.OnField("file", "This archive has the format %q; this Rapport reads %s. Use a newer Rapport.", clip(s.manifest.Format), Format)
	}
	for _, f := range s.manifest.Files {
		if s.files[f.Name] == nil {
			return damaged("%s is missing.", clip(f.Name))
		}
		s.listed[f.Name] = f
	}
	for name := range s.files {
		if _, listed := s.listed[name]; !listed && name != manifestName && name != "index.html" {
			return damaged("its manifest does not list %s.", name)
		}
	}
	for _, t := range tables {
		if s.files[t.file+".jsonl"] == nil && !t.later {
			return damaged("%s.jsonl is missing.", t.file)
		}
	}
	if err := s.small(brandName, &s.brand); err != nil {
		return err
	}
	if _, err := id36(s.brand.ID); err != nil || s.brand.ID != s.manifest.Brand {
		return damaged("its brand is not the one its manifest names.")
	}
	return s.readPeople()
}

func (s *source) readPeople() error {
	seen := map[string]bool{}
	return s.lines(accountsName, func(raw []byte) error {
		var p person
		if err := json.Unmarshal(raw, &p); err != nil {
			return damaged("somebody in %s cannot be read.", accountsName)
		}
		if _, err := id36(p.ID); err != nil || s.known[p.ID] || seen[p.Email] || len(s.people) >= mostPeople {
			return damaged("%s lists somebody twice, or not as they should be.", accountsName)
		}
		s.known[p.ID], seen[p.Email] = true, true
		s.people = append(s.people, p)
		return nil
	})
}

// open gives a part; it ends with an error unless the part is as listed.
func (s *source) open(name string) (io.ReadCloser, error) {
	f := s.files[name]
	if f == nil {
		return nil, damaged("%s is missing.", name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, damaged("%s cannot be read.", name)
	}
	want, listed := s.listed[name]
	if !listed {
		return r, nil
	}
	return &checked{r, name, want, sha256.New(), 0}, nil
}

type checked struct {
	io.ReadCloser
	name string
	want File
	sum  interface {
		io.Writer
		Sum([]byte) []byte
	}
	n int64
}

func (c *checked) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.sum.Write(b[:n])
	if c.n += int64(n); c.n > c.want.Bytes {
		return 0, damaged("%s is longer than its manifest says.", c.name)
	}
	if errors.Is(err, io.EOF) && (c.n != c.want.Bytes || hex.EncodeToString(c.sum.Sum(nil)) != c.want.SHA256) {
		return n, damaged("%s is not as its manifest says.", c.name)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, damaged("%s cannot be read to its end.", c.name)
	}
	return n, err
}

func (s *source) small(name string, into any) error {
	r, err := s.open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	most := int64(mostSmall)
	if name == manifestName {
		most += mostFiles * mostListed
	}
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return err
	}
	if int64(len(raw)) > most || json.Unmarshal(raw, into) != nil {
		return damaged("%s cannot be read.", name)
	}
	return nil
}

func (s *source) lines(name string, do func(raw []byte) error) error {
	r, err := s.open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), mostLine)
	var rows int64
	for in.Scan() {
		if rows++; rows > mostThings {
			return damaged("%s holds too much.", name)
		}
		if err := do(in.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return damaged("a line of %s is longer than %d MB.", name, mostLine>>20)
	}
	if in.Err() == nil && rows != s.listed[name].Rows {
		return damaged("%s holds not as much as its manifest says.", name)
	}
	return in.Err()
}

// each reads the things of a file, by column. What is wrong with one is said
// with its line.
func (s *source) each(t table, do func(row map[string]any) error) error {
	if t.later && s.files[t.file+".jsonl"] == nil {
		return nil
	}
	n := 0
	return s.lines(t.file+".jsonl", func(raw []byte) error {
		n++
		row, err := t.decode(raw, s)
		if err != nil {
			return damaged("line %d of %s.jsonl: %v.", n, t.file, err)
		}
		return do(row)
	})
}

func (t table) decode(raw []byte, s *source) (map[string]any, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, errors.New("it is no JSON object")
	}
	row := make(map[string]any, len(t.fields)+4)
	for _, f := range t.fields {
		v, there := values[f.name]
		if !there && f.need {
			return nil, fmt.Errorf("%s is missing", f.name)
		}
		delete(values, f.name)
		got, err := f.decode(v, s, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		row[f.col()] = got
	}
	for name := range values {
		return nil, fmt.Errorf("it does not know %q", clip(name))
	}
	return row, s.agrees(t, row)
}

// decode reads a value; one that is left out is the column's empty one.
func (f field) decode(raw json.RawMessage, s *source, t table) (any, error) {
	switch f.kind {
	case number:
		return wholeNumber(raw)
	case flag:
		return bytes.Equal(raw, []byte("true")), nil
	case moment:
		return readMoment(raw)
	case object:
		if raw == nil {
			return "", nil
		}
		out, err := f.check(raw)
		if err == nil && bytes.ContainsRune(out, 0) || bytes.Contains(out, []byte(`\u0000`)) {
			err = errors.New("it holds a character that is none")
		}
		return string(out), err
	}
	var v string
	if raw != nil && json.Unmarshal(raw, &v) != nil {
		return nil, errors.New("it is no text")
	}
	if len(v) > mostText || !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
		return nil, errors.New("it is too long, or no text")
	}
	return v, f.fits(v, s, t)
}

func (f field) fits(v string, s *source, t table) error {
	switch f.kind {
	case key:
		id, err := id36(v)
		if err == nil && s.ids[t.noun][id] {
			// In the second reading every id was seen before.
			if s.things == 0 {
				return errors.New("there are two with this id")
			}
			return nil
		}
		if err == nil {
			s.ids[t.noun][id] = true
		}
		return err
	case ref, loose:
		if v == "" && !f.need {
			return nil
		}
		return s.has(f, v)
	case link:
		if !webAddress(v) {
			return errors.New("it is no web address")
		}
	case anything, somebody:
		if len(v) > 200 {
			return errors.New("it is no id")
		}
	}
	if f.oneOf != nil && !slices.Contains(f.oneOf, v) {
		return fmt.Errorf("it cannot be %q", clip(v))
	}
	if f.need && v == "" {
		return errors.New("it is empty")
	}
	return nil
}

// has reports whether the archive holds what a field refers to.
func (s *source) has(f field, v string) error {
	id, err := id36(v)
	if err != nil {
		return err
	}
	for noun := range strings.FieldsSeq(f.of) {
		if s.ids[noun][id] {
			return nil
		}
	}
	if f.kind == loose {
		return nil // what it meant is gone; it is left out when it is written
	}
	return errors.New("what it refers to is not in the archive")
}

// agrees checks what one value of a thing means to another.
func (s *source) agrees(t table, row map[string]any) error {
	switch t.name {
	case "post", "variant":
		return s.showsOwn(row["body"].(string))
	case "space", "space_slug":
		if slug := row["slug"].(string); slug != space.Slug(slug) {
			return errors.New("its address is none")
		}
	case "member", "member_handle":
		handle, gone := row["handle"].(string), row["state"] == string(member.Left)
		if !member.IsHandle(handle) && !(t.name == "member" && gone && handle == "") && !(t.name == "member_handle" && member.IsHidden(handle)) {
			return errors.New("its handle is none")
		}
	case "topic_picture":
		return s.shownInPost(row)
	case "link":
		if !links.Sound(row["code"].(string), row["target"].(string), row["source"].(string), row["campaign"].(string)) {
			return errors.New("it leads where no link may")
		}
	case "link_day", "link_joined":
		if _, err := time.Parse(time.DateOnly, row["day"].(string)); err != nil {
			return errors.New("its day is none")
		}
	case "member_barred":
		if !s.known[row["account_id"].(string)] {
			return errors.New("whose it is is not in the archive")
		}
	case "part":
		return s.ownMedia(row["media"].(string))
	case "access_grant":
		var channels []string
		if raw := row["channels"].(string); raw != "" && json.Unmarshal([]byte(raw), &channels) != nil {
			return errors.New("its channels cannot be read")
		}
		for _, c := range channels {
			if id, err := id36(c); err != nil || !s.ids["channel"][id] && !s.ids["space"][id] {
				return errors.New("a channel or space of it is not in the archive")
			}
		}
		if !s.known[row["account_id"].(string)] {
			return errors.New("whose it is is not in the archive")
		}
	}
	return nil
}

// shownInPost keeps what is said of a picture in what a member wrote, to be
// compared with its file.
func (s *source) shownInPost(row map[string]any) error {
	id := row["id"].(string)
	if !topic.IsPicture(id) {
		return errors.New("it is no id")
	}
	if _, twice := s.posts[id]; twice && s.things == 0 { // in the second reading every one was seen before
		return errors.New("there are two with this id")
	}
	if len(s.posts) >= mostFiles {
		return errors.New("there are too many")
	}
	s.posts[id] = topic.Picture{ID: id, Mime: row["mime"].(string), Bytes: row["bytes"].(int64), Width: int(row["width"].(int64)), Height: int(row["height"].(int64))}
	return nil
}

// showsOwn checks that a post shows pictures of this archive only.
func (s *source) showsOwn(raw string) error {
	if raw == "" {
		return nil
	}
	var b post.Body
	if err := json.Unmarshal([]byte(raw), &b); err != nil {
		return err
	}
	for _, p := range b.Parts {
		if err := s.own(p.Media); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) ownMedia(raw string) error {
	var ids []string
	if raw != "" && json.Unmarshal([]byte(raw), &ids) != nil {
		return errors.New("its pictures cannot be read")
	}
	return s.own(ids)
}

func (s *source) own(media []string) error {
	for _, m := range media {
		if id, err := id36(m); err != nil || !s.ids["media"][id] {
			return errors.New("a picture of it is not in the archive")
		}
	}
	return nil
}

// picturesSound looks at all pictures. alive is told now and then.
func (s *source) picturesSound(ctx context.Context, alive func() error) error {
	n := 0
	for name := range s.files {
		if !pictureName.MatchString(name) {
			continue
		}
		if n++; n%100 == 0 {
			if err := alive(); err != nil {
				return err
			}
		}
		if err := errors.Join(ctx.Err(), s.pictureSound(ctx, name)); err != nil {
			return err
		}
	}
	return nil
}

// pictureSound checks that a file is a picture that could have been added, of
// something that is in the archive, and whole.
func (s *source) pictureSound(ctx context.Context, name string) error {
	m := pictureName.FindStringSubmatch(name)
	sound := func(_ context.Context, file []byte) error {
		_, _, err := picture.Check(file)
		return err
	}
	var known bool
	switch {
	case m[3] != "":
		var p topic.Picture
		p, known = s.posts[m[3]]
		sound = p.Sound
	case m[2] != "":
		known = s.holdsOne("member", m[2])
	default:
		known = s.holdsOne("media", m[1])
	}
	if !known {
		return damaged("no picture is called %s.", name)
	}
	file, err := s.picture(name)
	if err != nil {
		return err
	}
	if err := sound(ctx, file); err != nil && !fault.Is(err, fault.Invalid) {
		return err
	} else if err != nil {
		return damaged("%s is no picture: %s", name, fault.Text(err))
	}
	return nil
}

func (s *source) holdsOne(noun, v string) bool {
	id, err := id36(v)
	return err == nil && s.ids[noun][id]
}

func (s *source) picture(name string) ([]byte, error) {
	r, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	file, err := io.ReadAll(io.LimitReader(r, picture.MaxBytes+1))
	if err == nil && len(file) > picture.MaxBytes {
		err = damaged("%s is too large for a picture.", name)
	}
	return file, err
}

// id36 reads an id as this program writes it.
func id36(v string) (uuid.UUID, error) {
	id, err := uuid.Parse(v)
	if err != nil || len(v) != 36 || id.String() != v {
		return id, errors.New("it is no id")
	}
	return id, nil
}

func wholeNumber(raw json.RawMessage) (int64, error) {
	if raw == nil {
		return 0, nil
	}
	var n int64
	if err := json.Unmarshal(raw, &n); err != nil || n > 1<<53 || n < -(1<<53) {
		return 0, errors.New("it is no whole number")
	}
	return n, nil
}

func readMoment(raw json.RawMessage) (int64, error) {
	if raw == nil {
		return 0, nil
	}
	var v string
	if err := json.Unmarshal(raw, &v); err != nil {
		return 0, errors.New("it is no time")
	}
	at, err := time.Parse(time.RFC3339, v)
	if err != nil || at.Year() < 1970 || at.Year() > 2999 {
		return 0, errors.New("it is no time such as 2026-11-28T09:30:00.000Z")
	}
	return int64(db.At(at)), nil
}
