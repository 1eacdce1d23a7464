package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rapport/internal/audit"
)

// code is one package's files without its tests, by the package's folder below
// internal.
func code(t *testing.T) map[string][]*ast.File {
	t.Helper()
	all, set := map[string][]*ast.File{}, token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(set, path, src, 0)
		if err == nil {
			name := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."+string(filepath.Separator)))
			all[name] = append(all[name], f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// calls reports whether a node is a call of pkg.name.
func calls(n ast.Node, pkg, name string) bool {
	c, ok := n.(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg && s.Sel.Name == name
}

func leavesLine(n ast.Node) bool {
	return calls(n, "audit", "Record") || calls(n, "audit", "RecordOnce")
}

func records(files []*ast.File) (yes bool) {
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool { yes = yes || leavesLine(n); return !yes })
	}
	return yes
}

var actShape = regexp.MustCompile(`^[a-z]{3,}\.[a-z_]+$`)

// files are no acts either.
var fileEnds = regexp.MustCompile(`\.(html|jsonl?|zip|csv)$`)

// eventsNotActs look like acts and are told to programs or pages instead.
var eventsNotActs = []string{"brand.changed", "conversation.woke", "conversation.mentioned", "conversation.presence", "channel.attention", "channel.logged",
	"channel.renewal", "channel.renewals", "hold.changed", "delivery.published", "access.changed", "label.changed", "conversation.changed", "channel.changed",
	"person.changed", "media.changed", "media.added", "reply.written", "message.received", "account.sweep", "archive.export", "archive.import", "archive.sweep",
	"dossier.wipe", "dossier.sweep", "delivery.changed", "post.changed", "export.changed", "reply.published", "presence.changed", "comment.mentioned", "comment.changed", "team.changed",
	"delivery.unknown", "delivery.rejected", "delivery.missed", "conversation.replied", "conversation.received", "conversation.waiting", "task.due",
	"member.asked", "member.joined", "member.changed", "member.decided", "member.unpictured", "member.visited", "member.left", "topic.begun", "topic.changed", "topic.waiting", "topic.solved", "topic.unsolved", "reply.added", "reply.changed", "reply.concealed", "reply.revealed",
	"reply.withdrawn", "space.counted", "bridge.return", "bridge.unsaid", "promote.rest", "reply.waiting", "reply.flagged", "reply.reacted", "reply.unreacted", "reply.decided", "tally.count", "post.review_passed", "post.review_due", "post.remind", "letter.send", "admit.forgotten", "join.rest", "join.sweep", "merge.refind", "document.changed"}

// Everything that is written into the log has words for people.
func TestEveryActHasWords(t *testing.T) {
	for name, files := range code(t) {
		if !records(files) || name == "notify" { // which tells of events and of one act alone
			continue
		}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				if composed(n) {
					t.Errorf("%s puts the name of an act together: write it out, so that its words can be looked for", name)
				}
				l, ok := n.(*ast.BasicLit)
				if !ok || l.Kind != token.STRING {
					return true
				}
				act, err := strconv.Unquote(l.Value)
				if err != nil || !actShape.MatchString(act) || fileEnds.MatchString(act) || slices.Contains(eventsNotActs, act) {
					return true
				}
				if _, known := audit.Acts[act]; !known {
					t.Errorf("%s: give %q its words in audit.Acts, or name it in eventsNotActs", name, act)
				}
				return true
			})
		}
	}
	for act, is := range audit.Acts {
		if !slices.Contains(audit.Areas, is.Area) || is.Words == "" {
			t.Errorf("%s has no words, or no area", act)
		}
	}
}

// composed reports whether a node is the act of an entry that is put together,
// as in "post." + what.
func composed(n ast.Node) bool {
	pair, ok := n.(*ast.KeyValueExpr)
	if !ok {
		return false
	}
	key, ok := pair.Key.(*ast.Ident)
	if !ok || key.Name != "Act" {
		return false
	}
	_, sum := pair.Value.(*ast.BinaryExpr)
	return sum
}

// leavesNoLine are exported functions that write for an account and leave no
// line in the log, each with the reason.
var leavesNoLine = map[string]string{
	"account.Confirm":               "proves who sits there and changes nothing of a brand",
	"account.Factors.ConfirmByCode": "proves who sits there and changes nothing of a brand",
	"account.Factors.Enrol":         "begins what ConfirmEnrol ends and says",
	"admit.Door.AskAddress":         "writes a letter; what comes of it says so",
	"admit.Door.AskAgain":           "writes a letter; what comes of it says so",
	"join.Join.Enter":               "joining is no act of the team; the list of members says it",
	"comment.View":                  "being there is no act",
	"comment.Leave":                 "being there is no act",
	"handover.See":                  "having read something is no act",
	"notify.MarkUnread":             "one's own list",
	"conversation.View":             "being there is no act",
	"conversation.Leave":            "being there is no act",
	"notify.MarkRead":               "one's own list",
	"channel.Channels.Authorize":    "leads to the network's own page; what comes of it says so",
	"archive.Archiver.Upload":       "the brand it makes says so once it is there",
}

// Whatever an account can change says in the log that it did. A function is
// followed through its own package by name, and into others by the name of what
// it calls there.
func TestEveryActOfTheTeamLeavesALine(t *testing.T) {
	nouns := strings.Fields(floors[4].packages + " " + floors[5].packages)
	type function struct {
		decl  *ast.FuncDecl
		calls []string
	}
	all, leaves := map[string]*function{}, map[string]bool{}
	for name, files := range code(t) {
		if !slices.Contains(nouns, name) {
			continue
		}
		for _, f := range files {
			for _, d := range f.Decls {
				decl, ok := d.(*ast.FuncDecl)
				if !ok || decl.Body == nil {
					continue
				}
				full := name + "." + receiver(decl) + decl.Name.Name
				fn := &function{decl: decl}
				all[full] = fn
				ast.Inspect(decl.Body, func(n ast.Node) bool {
					if leavesLine(n) {
						leaves[full] = true
					}
					switch c := n.(type) {
					case *ast.SelectorExpr:
						fn.calls = append(fn.calls, c.Sel.Name)
						if x, ok := c.X.(*ast.Ident); ok {
							fn.calls = append(fn.calls, x.Name+"."+c.Sel.Name)
						}
					case *ast.Ident:
						fn.calls = append(fn.calls, c.Name)
					}
					return true
				})
			}
		}
	}
	byName := map[string][]string{}
	for full := range all {
		short := full[strings.LastIndex(full, ".")+1:]
		byName[short] = append(byName[short], full)
	}
	for changed := true; changed; {
		changed = false
		for full, fn := range all {
			if leaves[full] {
				continue
			}
			for _, c := range fn.calls {
				pkg, short, from := strings.Cut(c, ".")
				if !from {
					pkg, short = house(full), c
				}
				if slices.ContainsFunc(byName[short], func(other string) bool { return leaves[other] && house(other) == pkg }) {
					leaves[full], changed = true, true
					break
				}
			}
		}
	}
	for _, full := range slices.Sorted(maps.Keys(all)) {
		fn := all[full]
		if fn.decl.Name.IsExported() && takesWho(fn.decl) && slices.Contains(fn.calls, "Tx") && !leaves[full] && leavesNoLine[full] == "" {
			t.Errorf("%s changes something and leaves no line in the log", full)
		}
	}
}

func house(full string) string {
	name, _, _ := strings.Cut(full, ".")
	return name
}

func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	t := d.Recv.List[0].Type
	if s, ok := t.(*ast.StarExpr); ok {
		t = s.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "."
	}
	return ""
}

func takesWho(d *ast.FuncDecl) bool {
	for _, p := range d.Type.Params.List {
		if s, ok := p.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "Who" {
			return true
		}
	}
	return false
}
