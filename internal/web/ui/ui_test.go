package ui_test

import (
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/web/ui"
)

// TestTemplatesAreGenerated compares each committed *_templ.go of the pages
// with what the pinned templ makes of its template now. templ must run in the
// module root: its output holds the paths it was given.
func TestTemplatesAreGenerated(t *testing.T) {
	const root = "../../.."
	templates, err := filepath.Glob(root + "/internal/web/*.templ")
	if err != nil {
		t.Fatal(err)
	}
	own, err := filepath.Glob("*.templ")
	if err != nil || len(own) == 0 {
		t.Fatalf("no templates found (%v)", err)
	}
	for _, name := range own {
		templates = append(templates, root+"/internal/web/ui/"+name)
	}
	tool := filepath.Join(t.TempDir(), "templ")
	if out, err := exec.Command("go", "build", "-o", tool, "github.com/a-h/templ/cmd/templ").CombinedOutput(); err != nil {
		t.Fatalf("build templ: %v\n%s", err, out)
	}
	for _, file := range templates {
		file = strings.TrimPrefix(filepath.ToSlash(file), root+"/")
		t.Run(file, func(t *testing.T) {
			generate := exec.Command(tool, "generate", "-f", file, "-stdout")
			generate.Dir = root
			now, err := generate.Output()
			if err != nil {
				t.Fatal(err)
			}
			committed, err := os.ReadFile(root + "/" + strings.TrimSuffix(file, ".templ") + "_templ.go")
			if err != nil {
				t.Fatal(err)
			}
			if string(now) != string(committed) {
				t.Error("stale: run make assets and commit the result")
			}
		})
	}
}

var (
	iconUse = regexp.MustCompile(`(?:Icon(?:Large)?\(|Icon:\s*)"([a-z0-9-]+)"`)
	symbol  = regexp.MustCompile(`<symbol id="([^"]+)"`)
	unsafe  = regexp.MustCompile(`hx-on[:=]|\bstyle=|js:|\bon[a-z]+=|hx-trigger="[^"]*\[`)
)

// TestTemplatesKeepTheRules holds every template to what the pages' content
// security policy allows, and to icons that exist.
func TestTemplatesKeepTheRules(t *testing.T) {
	icons, err := os.ReadFile("../static/dist/icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, m := range symbol.FindAllStringSubmatch(string(icons), -1) {
		have[m[1]] = true
	}
	files, err := filepath.Glob("../*.templ")
	own, errOwn := filepath.Glob("*.*")
	if err != nil || errOwn != nil {
		t.Fatal(err, errOwn)
	}
	for _, file := range append(files, own...) {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range iconUse.FindAllStringSubmatch(string(body), -1) {
			if !have[m[1]] {
				t.Errorf("%s: no icon %q; add it to assets/icons.txt and run make assets", file, m[1])
			}
		}
		if found := unsafe.FindString(string(body)); found != "" && strings.HasSuffix(file, ".templ") {
			t.Errorf("%s: %q needs inline code or style, which the policy blocks", file, found)
		}
	}
	for _, name := range ui.DeliveryStates() {
		if !have[ui.DeliveryState(name).Icon] {
			t.Errorf("state %s: no icon %q", name, ui.DeliveryState(name).Icon)
		}
	}
}

func TestParseTheme(t *testing.T) {
	tests := map[string]ui.Theme{"light": "light", "dark": "dark", "system": "system", "": "system", `"><script>`: "system"}
	for in, want := range tests {
		if got := ui.ParseTheme(in); got != want {
			t.Errorf("ParseTheme(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestThemeCSSHasContrast computes WCAG contrast of the tokens that ThemeCSS
// gives, from its text, for colours of every kind.
func TestThemeCSSHasContrast(t *testing.T) {
	colours := []string{"#3b5bdb", "e03131", "#ffd43b", "#000000", "#ffffff", "#12b886", "#868e96", "#0b0b45", "#ff00ff", "#0f0"}
	for _, hex := range colours {
		t.Run(hex, func(t *testing.T) {
			css := ui.ThemeCSS(hex)
			for mood, surface := range []float64{1, 0.238} {
				fill, ink := token(t, css, "accent", mood), token(t, css, "on-accent", mood)
				over := token(t, css, "accent-hover", mood)
				least(t, "ink on the fill", luminance(ink), luminance(fill), 4.5)
				least(t, "ink on the fill under the pointer", luminance(ink), luminance(over), 4.5)
				back := luminance([3]float64{surface, 0, 0})
				least(t, "text", luminance(token(t, css, "accent-text", mood)), back, 4.5)
				least(t, "text on the soft fill", luminance(token(t, css, "accent-text", mood)), luminance(token(t, css, "accent-soft", mood)), 4.5)
				least(t, "ring", luminance(token(t, css, "ring", mood)), back, 3)
			}
		})
	}
}

func TestThemeCSSRefusesWhatIsNoColour(t *testing.T) {
	for _, hex := range []string{"", "red", "#12", "#gggggg", "}body{display:none", "1234567"} {
		if got := ui.ThemeCSS(hex); got != "" {
			t.Errorf("ThemeCSS(%q) = %q, want nothing", hex, got)
		}
	}
}

func least(t *testing.T, what string, a, b, want float64) {
	t.Helper()
	if got := (max(a, b) + 0.05) / (min(a, b) + 0.05); got < want {
		t.Errorf("%s has a contrast of %.2f, want %.1f", what, got, want)
	}
}

// token reads --name:light-dark(oklch(l c h),oklch(l c h)) for mood 0 or 1.
func token(t *testing.T, css, name string, mood int) [3]float64 {
	t.Helper()
	pattern := regexp.MustCompile(`--` + name + `:light-dark\(oklch\(([^)]+)\),oklch\(([^)]+)\)\)`)
	m := pattern.FindStringSubmatch(css)
	if m == nil {
		t.Fatalf("no token %s in %s", name, css)
	}
	var lch [3]float64
	for i, part := range strings.Fields(m[1+mood]) {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			t.Fatal(err)
		}
		lch[i] = v
	}
	return lch
}

// luminance follows CSS Color 4 from OKLCH to linear sRGB, clipped.
func luminance(c [3]float64) float64 {
	a, b := c[1]*math.Cos(c[2]*math.Pi/180), c[1]*math.Sin(c[2]*math.Pi/180)
	l := math.Pow(c[0]+0.3963377774*a+0.2158037573*b, 3)
	m := math.Pow(c[0]-0.1055613458*a-0.0638541728*b, 3)
	s := math.Pow(c[0]-0.0894841775*a-1.2914855480*b, 3)
	clip := func(v float64) float64 { return min(max(v, 0), 1) }
	return 0.2126*clip(4.0767416621*l-3.3077115913*m+0.2309699292*s) +
		0.7152*clip(-1.2684380046*l+2.6097574011*m-0.3413193965*s) +
		0.0722*clip(-0.0041960863*l-0.7034186147*m+1.7076147010*s)
}

func TestSparkline(t *testing.T) {
	tests := map[string]struct {
		points []float64
		want   string
	}{
		"rises":          {[]float64{0, 1}, "M0.0 30.0L100.0 2.0"},
		"stays level":    {[]float64{5, 5}, "M0.0 16.0L100.0 16.0"},
		"is nothing":     {[]float64{0, 0}, "M0.0 30.0L100.0 30.0"},
		"has a gap":      {[]float64{0, math.NaN(), 1}, "M0.0 30.0M100.0 2.0"},
		"one point":      {[]float64{1}, ""},
		"nothing at all": {[]float64{math.NaN(), math.NaN()}, ""},
	}
	path := regexp.MustCompile(`<path d="([^"]*)"`)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := ui.Sparkline(tc.points).Render(context.Background(), &b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, path.FindStringSubmatch(b.String())[1]); diff != "" {
				t.Error(diff)
			}
		})
	}
}
