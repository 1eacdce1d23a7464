package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// What is read of one text. Each bounds an input of 32,000 characters that took
// seconds or became megabytes; people who write come near none of them.
const (
	deepestBlock = 24     // quotes, lists and their items within each other
	deepestMark  = 16     // emphasis within emphasis
	mostBrackets = 3_000  // of links and pictures: "[" and "]"
	mostMarks    = 2_000  // runs of "*", "_" and "~"
	mostCells    = 10_000 // of all tables: rows are filled up to their header's width
	widestTable  = 60     // cells of a row
	mostRefersTo = 16_000 // bytes of addresses that are written once and used often
)

// reading is the parser.
var reading = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewSetextHeadingParser(), 100),
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(shallow{parser.NewListParser()}, 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(shallow{parser.NewBlockquoteParser()}, 800),
		util.Prioritized(parser.NewHTMLBlockParser(), 900),
		util.Prioritized(parser.NewParagraphParser(), 1000)),
	parser.WithInlineParsers(
		util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(named{}, 150),
		util.Prioritized(emoji{}, 160),
		util.Prioritized(closing{few{parser.NewLinkParser(), parser.NewContextKey(), mostBrackets}}, 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(parser.NewRawHTMLParser(), 400),
		util.Prioritized(few{parser.NewEmphasisParser(), marks, mostMarks}, 500),
		util.Prioritized(few{extension.NewStrikethroughParser(), marks, mostMarks}, 500),
		util.Prioritized(extension.NewLinkifyParser(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"})), 999)),
	parser.WithParagraphTransformers(
		util.Prioritized(parser.LinkReferenceParagraphTransformer, 100),
		util.Prioritized(narrow{extension.NewTableParagraphTransformer()}, 200)),
	parser.WithASTTransformers(
		util.Prioritized(extension.NewTableASTTransformer(), 0)))

var (
	marks = parser.NewContextKey()
	cells = parser.NewContextKey()
)

// spend counts n of what a key names and reports whether no more than most were
// spent in this text.
func spend(pc parser.Context, key parser.ContextKey, n, most int) bool {
	spent := pc.ComputeIfAbsent(key, func() any { return new(int) }).(*int)
	if *spent+n > most {
		return false
	}
	*spent += n
	return true
}

// shallow opens no block that lies too deep.
type shallow struct{ parser.BlockParser }

func (s shallow) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for up := parent; up != nil; up = up.Parent() {
		depth++
	}
	if depth > deepestBlock {
		return nil, parser.NoChildren
	}
	return s.BlockParser.Open(parent, reader, pc)
}

// few reads so many of a kind in one text; the others stay text.
type few struct {
	parser.InlineParser
	key  parser.ContextKey
	most int
}

func (f few) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if !spend(pc, f.key, 1, f.most) {
		return nil
	}
	return f.InlineParser.Parse(parent, block, pc)
}

// closing is few for a parser that wants to know where a block ends.
type closing struct{ few }

func (c closing) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	if inner, ok := c.InlineParser.(parser.CloseBlocker); ok {
		inner.CloseBlock(parent, block, pc)
	}
}

// narrow makes no table that is too wide or has too many cells.
type narrow struct{ parser.ParagraphTransformer }

func (n narrow) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := node.Lines()
	for i := 1; i < lines.Len(); i++ {
		row := lines.At(i)
		wide, under := columns(row.Value(reader.Source()))
		if !under {
			continue
		}
		if wide > widestTable || !spend(pc, cells, wide*lines.Len(), mostCells) {
			return
		}
		break
	}
	n.ParagraphTransformer.Transform(node, reader, pc)
}

// columns counts those of a row; under reports whether it can be the one that
// stands below the header.
func columns(row []byte) (n int, under bool) {
	if len(bytes.Trim(row, "|:- \t\r\n")) > 0 || !bytes.Contains(row, []byte("-")) {
		return 0, false
	}
	return bytes.Count(row, []byte("|")) + 1, true
}
