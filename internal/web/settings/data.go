package settings

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"rapport/internal/access"
	"rapport/internal/archive"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

type dataView struct {
	Slug     string
	Brand    brand.Brand
	Exports  []archive.Export
	Names    map[string]string // of accounts
	Kept     []archive.Kept
	Form     entry.Form
	MayErase bool
	MayKeep  bool
	Now      time.Time
}

// running reports whether an archive is being made.
func (v dataView) running() bool {
	for _, e := range v.Exports {
		if e.State == archive.Waiting || e.State == archive.Running {
			return true
		}
	}
	return false
}

// dataShow shows what is kept, and what can be done with all of it.
func (p *Pages) dataShow(w http.ResponseWriter, r *http.Request) error {
	b := studio.At(r).Brand
	return p.dataPage(w, r, entry.Fill("activity", strconv.Itoa(b.ActivityDays), "letters", strconv.Itoa(b.LetterDays)))
}

func (p *Pages) dataPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v := studio.At(r)
	view, err := p.exportsView(r)
	if err != nil {
		return err
	}
	view.Form, view.MayErase, view.MayKeep = f, p.May(r, access.BrandErase), p.May(r, access.BrandWrite)
	if view.Kept, err = p.Archives.Holds(r.Context(), v.Who, v.Brand.ID); err != nil {
		return err
	}
	return p.Settings(w, r, "data", f.Status(), false, dataSettings(view))
}

func (p *Pages) exportsView(r *http.Request) (view dataView, err error) {
	v := studio.At(r)
	view = dataView{Slug: v.Brand.Slug, Brand: v.Brand, Now: p.DB.Now().Time()}
	if view.Exports, err = p.Archives.Exports(r.Context(), v.Who, v.Brand.ID); err != nil {
		return view, err
	}
	var accounts []string
	for _, e := range view.Exports {
		accounts = append(accounts, e.Account)
	}
	view.Names, err = p.Names(r.Context(), accounts...)
	return view, err
}

// dataExports is the list of archives alone, which looks again by itself while
// one is made.
func (p *Pages) dataExports(w http.ResponseWriter, r *http.Request) error {
	view, err := p.exportsView(r)
	if err != nil {
		return err
	}
	if !studio.FromHTMX(r) {
		return studio.See(w, r, studio.Path(view.Slug, "settings", "data"))
	}
	return studio.Part(w, r, dataExportList(view))
}

// dataExport has an archive made.
func (p *Pages) dataExport(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if _, err := p.Archives.Begin(r.Context(), v.Who, v.Brand.ID); err != nil {
		f := entry.Blank(r)
		if f.Refused(err) {
			return p.dataPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The archive is being made. You can leave this page."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "data"))
}

// dataDownload hands an archive out.
func (p *Pages) dataDownload(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, e, err := p.Archives.Open(r.Context(), v.Who, v.Brand.ID, r.PathValue("export"))
	if err != nil {
		return err
	}
	defer f.Close()
	name := v.Brand.Slug + "-" + e.CreatedAt.Time().Format("2006-01-02") + ".zip"
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// dataKeeping saves for how long things are kept.
func (p *Pages) dataKeeping(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	err = brand.SetKeeping(r.Context(), p.DB, v.Who, v.Brand.ID, brand.Keeping{Activity: daysOf(f, "activity"), Letters: daysOf(f, "letters")})
	if err != nil {
		if f.Refused(err, "activity", "letters") {
			return p.dataPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Saved."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "data"))
}

// daysOf is a number of days as typed; what is none is out of every range.
func daysOf(f entry.Form, name string) int {
	n, err := strconv.Atoi(f.Value(name))
	if err != nil {
		return -1
	}
	return n
}

// dataEraseAsk asks before a brand is erased.
func (p *Pages) dataEraseAsk(w http.ResponseWriter, r *http.Request) error {
	return p.dataEraseForm(w, r, entry.Form{})
}

func (p *Pages) dataEraseForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.BrandErase); err != nil {
		return err
	}
	if v.Brand.EraseAt > 0 {
		return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "data"))
	}
	head := ui.Head{Title: i18n.T(r.Context(), "Erase {{.Brand}}", "Brand", v.Brand.Name), Back: studio.Path(v.Brand.Slug, "settings", "data"),
		BackText: i18n.T(r.Context(), "Back to the data")}
	return p.Show(w, r, studio.Page{Area: "settings", Head: head, Status: f.Status()}, dataErasePage(v.Brand, f))
}

// dataErase begins the days of grace. The brand's name must be typed.
func (p *Pages) dataErase(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	b, err := brand.Erase(r.Context(), p.DB, v.Who, v.Brand.ID, f.Value("confirm"))
	if err != nil {
		if f.Refused(err, "confirm") {
			return p.dataEraseForm(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "{{.Brand}} is on hold and will be erased on {{.Date}}. Until then you can keep it.", "Brand", b.Name, "Date", i18n.Date(r.Context(), b.EraseAt.Time())), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "data"))
}

// dataKeep takes back that the brand is erased.
func (p *Pages) dataKeep(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if _, err := brand.Keep(r.Context(), p.DB, v.Who, v.Brand.ID); err != nil {
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "It is kept. It stays on hold until you release it."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "settings", "data"))
}

// importPath is where an import is shown: how far it is, and what came of it.
func importPath(id string) string { return "/studio/brands/import?of=" + id }

// importShow explains how a brand is brought over, or shows how far one is.
func (p *Pages) importShow(w http.ResponseWriter, r *http.Request) error {
	if id := r.URL.Query().Get("of"); id != "" {
		return p.importProgress(w, r, id)
	}
	if err := brand.MayStart(r.Context(), p.DB, studio.At(r).Who); err != nil {
		return err
	}
	return p.importForm(w, r, entry.Form{})
}

func (p *Pages) importForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	args := p.Bare(r, i18n.T(r.Context(), "Bring a brand over"))
	args.Sentence = i18n.T(r.Context(), "From the archive that another Rapport made of it, under Settings, Data.")
	args.Wide = true
	return studio.Write(r.Context(), w, f.Status(), importPage(args, f))
}

// importDo takes an archive and has it brought in.
func (p *Pages) importDo(w http.ResponseWriter, r *http.Request) error {
	i, err := p.takeArchive(r)
	if err != nil {
		f := entry.Blank(r)
		if f.Refused(err, "file") {
			return p.importForm(w, r, f)
		}
		return err
	}
	return studio.See(w, r, importPath(i.ID))
}

// takeArchive reads the upload as it comes: it may be larger than memory.
func (p *Pages) takeArchive(r *http.Request) (archive.Import, error) {
	none := fault.OnField("file", "Choose the archive that you exported, a .zip file.")
	parts, err := r.MultipartReader()
	if err != nil {
		return archive.Import{}, none
	}
	for {
		one, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return archive.Import{}, none
		}
		if err != nil {
			return archive.Import{}, fault.As(fault.Invalid, err, "The archive did not arrive whole. Send it again.")
		}
		if one.FormName() == "file" {
			i, err := p.Archives.Upload(r.Context(), studio.At(r).Who, one)
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				err = fault.OnField("file", "The archive is larger than %d GB. Use “rapport import” at the console.", archive.MostUpload>>30)
			}
			return i, err
		}
	}
}

type importView struct {
	archive.Import
	Href string // of the brand, once it is there
}

// importProgress shows how far it is.
func (p *Pages) importProgress(w http.ResponseWriter, r *http.Request, id string) error {
	v := studio.At(r)
	i, err := p.Archives.ImportByID(r.Context(), v.Who, id)
	if err != nil {
		return err
	}
	view := importView{Import: i}
	if i.State == archive.Done {
		b, err := brand.ByID(r.Context(), p.DB, v.Who, i.Brand)
		if err == nil {
			view.Href = studio.Path(b.Slug)
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if studio.FromHTMX(r) {
		return studio.Part(w, r, importState(view))
	}
	args := p.Bare(r, i18n.T(r.Context(), "Bring a brand over"))
	args.Wide = true
	return studio.Write(r.Context(), w, http.StatusOK, importProgressPage(args, view))
}

// keptWords are the kinds of thing that a brand keeps, and for how long.
func keptWords(ctx context.Context, k archive.Kept, b brand.Brand) (name, kept string) {
	ever := i18n.T(ctx, "for ever")
	switch k.What {
	case "post":
		return i18n.T(ctx, "Posts and answers"), ever
	case "media":
		return i18n.T(ctx, "Pictures"), ever
	case "conversation":
		return i18n.T(ctx, "Conversations"), ever
	case "message":
		return i18n.T(ctx, "Messages"), i18n.T(ctx, "for ever; their words as long as the person")
	case "person":
		return i18n.T(ctx, "People"), i18n.T(ctx, "{{.Time}} of silence", "Time", keptDays(ctx, b.Retention))
	case "topic":
		return i18n.T(ctx, "Topics of the community"), ever
	case "reply":
		return i18n.T(ctx, "Replies of the community"), ever
	case "topic_picture":
		return i18n.T(ctx, "Pictures in posts of members"), ever
	case "member":
		return i18n.T(ctx, "Members"), ever
	case "metric":
		return i18n.T(ctx, "Numbers of the networks"), ever
	case "activity":
		return i18n.T(ctx, "Activity"), keptDays(ctx, b.ActivityDays)
	case "audit":
		return i18n.T(ctx, "Log of the team"), ever
	case "letter":
		return i18n.T(ctx, "Mail"), keptDays(ctx, b.LetterDays)
	}
	return i18n.T(ctx, "Logs of channels"), i18n.T(ctx, "30 days")
}

func keptDays(ctx context.Context, n int) string {
	if n == 0 {
		return i18n.T(ctx, "for ever")
	}
	return i18n.N(ctx, n, "{{.N}} day", "{{.N}} days")
}

// exportState is how an archive's state is shown.
func exportState(ctx context.Context, s string) ui.State {
	switch s {
	case archive.Waiting, archive.Running:
		return ui.State{Word: "being made", Icon: "clock", Tone: ui.Wait, Means: "Everything is being written into one file."}
	case archive.Done:
		return ui.State{Word: "ready", Icon: "circle-check", Tone: ui.Good, Means: "It can be downloaded for seven days."}
	case archive.Gone:
		return ui.State{Word: "expired", Icon: "archive", Tone: ui.Quiet, Means: "It was kept for seven days."}
	}
	return ui.State{Word: "failed", Icon: "circle-x", Tone: ui.Bad, Means: "It could not be made.", Next: "Make a new one."}
}

// size is a number of bytes as people say it.
func size(ctx context.Context, n int64) string {
	switch {
	case n < 1<<10:
		return i18n.T(ctx, "{{.N}} bytes", "N", n)
	case n < 1<<20:
		return i18n.T(ctx, "{{.N}} KB", "N", n>>10)
	case n < 1<<30:
		return i18n.T(ctx, "{{.N}} MB", "N", i18n.Decimal(ctx, float64(n)/(1<<20), 1))
	}
	return i18n.T(ctx, "{{.N}} GB", "N", i18n.Decimal(ctx, float64(n)/(1<<30), 1))
}

func exportUntil(ctx context.Context, e archive.Export, name string) string {
	text := i18n.T(ctx, "asked for by {{.Name}}", "Name", name)
	if until := e.Until(); until > db.Time(0) {
		text = size(ctx, e.Bytes) + " · " + i18n.T(ctx, "until {{.Date}}", "Date", i18n.Date(ctx, until.Time())) + " · " + text
	}
	if e.Error != "" {
		text = e.Error + " · " + text
	}
	return text
}
