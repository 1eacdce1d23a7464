// Command build makes the files of internal/web/static/dist from assets: it
// bundles the islands and the stylesheets of areas, draws the icon sprite, copies the font and writes the
// sum of its inputs. Tailwind has written app.css before. Run it from the
// module root, through `make assets`.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"rapport/internal/web/static/source"
)

const (
	modules = "assets/node_modules"
	out     = "internal/web/static/dist"
)

func main() {
	log.SetFlags(0)
	for _, step := range []func() error{areas, commons, islands, sprite, font, mark, sum} {
		if err := step(); err != nil {
			log.Fatalf("build: %v", err)
		}
	}
}

// areas makes a file of each stylesheet in areas. Its rules join the layer of
// the components, so that utilities win over them as they do in app.css.
func areas() error {
	files, err := filepath.Glob("assets/areas/*.css")
	if err != nil {
		return err
	}
	built, err := filepath.Glob(out + "/*.css")
	if err != nil {
		return err
	}
	for _, old := range built {
		if filepath.Base(old) != "app.css" {
			err = errors.Join(err, os.Remove(old))
		}
	}
	if err != nil {
		return err
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		result := api.Transform("@layer components {\n"+string(body)+"\n}\n", api.TransformOptions{Loader: api.LoaderCSS,
			MinifySyntax: true, MinifyWhitespace: true, LogLevel: api.LogLevelWarning})
		if len(result.Errors) > 0 {
			return fmt.Errorf("minify %s: %s", file, result.Errors[0].Text)
		}
		if err := os.WriteFile(filepath.Join(out, filepath.Base(file)), result.Code, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// commons makes the one stylesheet of communities. The program adds the brand's
// colour and gives the font its address.
func commons() error {
	result := api.Build(api.BuildOptions{EntryPoints: []string{"assets/commons/commons.css"}, Outfile: out + "/commons.css", Bundle: true,
		External: []string{"*.woff2"}, MinifySyntax: true, MinifyWhitespace: true, Write: true, LogLevel: api.LogLevelWarning})
	if len(result.Errors) > 0 {
		return fmt.Errorf("bundle commons.css: %s", result.Errors[0].Text)
	}
	return nil
}

func islands() error {
	if err := os.RemoveAll(filepath.Join(out, "chunks")); err != nil {
		return err
	}
	return errors.Join(
		bundle("app", api.FormatESModule, true),
		bundle("live-worker", api.FormatIIFE, false),
		bundle("commons", api.FormatESModule, false),
	)
}

func bundle(entry string, format api.Format, split bool) error {
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{"assets/islands/" + entry + ".ts"},
		Outdir:            out,
		Bundle:            true,
		Splitting:         split,
		Format:            format,
		Target:            api.ES2022,
		NodePaths:         []string{modules},
		PreserveSymlinks:  true, // names of chunks must not depend on where the modules lie
		ChunkNames:        "chunks/[name]-[hash]",
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone,
		Write:             true,
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		return fmt.Errorf("bundle %s: %s", entry, result.Errors[0].Text)
	}
	return nil
}

var (
	comment = regexp.MustCompile(`(?s)<!--.*?-->`)
	opening = regexp.MustCompile(`(?s)<svg\b[^>]*>`)
	viewBox = regexp.MustCompile(`viewBox="([^"]+)"`)
	spaces  = regexp.MustCompile(`\s+`)
)

// sprite puts the icons named in icons.txt and our own glyphs into one file,
// each a symbol with its file's name.
func sprite() error {
	names, err := os.ReadFile("assets/icons.txt")
	if err != nil {
		return err
	}
	var files []string
	for name := range strings.FieldsSeq(string(names)) {
		files = append(files, modules+"/lucide-static/icons/"+name+".svg")
	}
	own, err := filepath.Glob("assets/glyphs/*.svg")
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">`)
	for _, file := range append(files, own...) {
		body, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		b.WriteString(symbol(strings.TrimSuffix(filepath.Base(file), ".svg"), string(body)))
	}
	b.WriteString("</svg>\n")
	return os.WriteFile(filepath.Join(out, "icons.svg"), []byte(b.String()), 0o644)
}

func symbol(name, svg string) string {
	svg = comment.ReplaceAllString(svg, "")
	box := viewBox.FindStringSubmatch(svg)[1]
	svg = opening.ReplaceAllString(svg, "")
	svg = strings.ReplaceAll(strings.TrimSpace(svg), "</svg>", "")
	svg = strings.ReplaceAll(spaces.ReplaceAllString(svg, " "), " />", "/>")
	svg = strings.TrimSpace(strings.ReplaceAll(svg, "> <", "><"))
	return fmt.Sprintf(`<symbol id="%s" viewBox="%s">%s</symbol>`, name, box, svg)
}

func font() error {
	body, err := os.ReadFile(modules + "/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "inter.woff2"), body, 0o644)
}

func sum() error {
	s, err := source.Sum(".")
	if err != nil {
		return err
	}
	return os.WriteFile(source.SumFile, []byte(s+"\n"), 0o644)
}

func mark() error {
	body, err := os.ReadFile("assets/mark.svg")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "mark.svg"), body, 0o644)
}
