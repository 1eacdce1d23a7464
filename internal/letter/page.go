package letter

import (
	"html/template"
	"strings"
)

// Page is what a letter says, before it is laid out.
type Page struct {
	Title  string   // one line; also a good subject
	Lines  []string // paragraphs
	Action string   // words on the button; "" for no button
	Link   string   // address of the button
	Foot   string   // small print: why the reader gets this
	Lang   string   // of all of it, as a BCP 47 tag

	Items []Item // of a digest, below the lines
	Rest  string // what is said of those that do not fit

	Stop, StopWords string // address that stops such letters, and what the link says; "" leaves it out
}

// Item is a line of a list, with its own address.
type Item struct {
	Head string // title of the group that begins here; "" within one
	Text string
	Link string
}

func (i Item) plain() string {
	text := "- " + i.Text + "\n  " + i.Link
	if i.Head != "" {
		return i.Head + "\n\n" + text
	}
	return text
}

// Render lays a page out, as plain text and as HTML. Styles are inline because
// mail programs know nothing else.
func (p Page) Render() (text, html string) {
	var b strings.Builder
	if err := layout.Execute(&b, p); err != nil {
		panic(err) // the template is fixed and strings cannot fail
	}
	blocks := append([]string{p.Title}, p.Lines...)
	for _, i := range p.Items {
		blocks = append(blocks, i.plain())
	}
	if p.Rest != "" {
		blocks = append(blocks, p.Rest)
	}
	if p.Link != "" {
		blocks = append(blocks, p.Action+":\n"+p.Link)
	}
	if p.Foot != "" {
		blocks = append(blocks, "-- \n"+p.Foot)
	}
	if p.Stop != "" {
		blocks = append(blocks, p.StopWords+":\n"+p.Stop)
	}
	return strings.Join(blocks, "\n\n") + "\n", b.String()
}

var layout = template.Must(template.New("letter").Parse(`<!doctype html>
<html{{with .Lang}} lang="{{.}}"{{end}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
</head>
<body style="margin:0;padding:32px 16px;background:#f6f6f7;color:#1c1c21;font:16px/24px system-ui,-apple-system,'Segoe UI',sans-serif">
<div style="max-width:560px;margin:0 auto;padding:32px;background:#ffffff;border:1px solid #e3e3e8;border-radius:10px">
<h1 style="margin:0 0 16px;font-size:18px;line-height:26px;font-weight:600">{{.Title}}</h1>
{{range .Lines}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}{{range .Items}}{{if .Head}}<h2 style="margin:24px 0 8px;font-size:14px;line-height:20px;font-weight:600;color:#5d5d68">{{.Head}}</h2>
{{end}}<p style="margin:0 0 8px"><a href="{{.Link}}" style="color:#1c1c21">{{.Text}}</a></p>
{{end}}{{if .Rest}}<p style="margin:16px 0 0;color:#5d5d68">{{.Rest}}</p>
{{end}}{{if .Link}}<p style="margin:24px 0 0"><a href="{{.Link}}" style="display:inline-block;padding:10px 16px;background:#1c1c21;color:#ffffff;border-radius:6px;text-decoration:none;font-weight:500">{{.Action}}</a></p>
{{end}}</div>
{{if .Foot}}<p style="max-width:560px;margin:16px auto 0;padding:0 32px;color:#5d5d68;font-size:13px;line-height:20px">{{.Foot}}{{if .Stop}} <a href="{{.Stop}}" style="color:#5d5d68">{{.StopWords}}</a>{{end}}</p>
{{end}}</body>
</html>
`))
