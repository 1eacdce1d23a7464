package walk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"rapport/internal/browsertest"
)

// TestAllScreens leaves a picture of each.
func TestAllScreens(t *testing.T) {
	folder := os.Getenv("RAPPORT_PICTURES")
	if folder == "" {
		t.Skip("RAPPORT_PICTURES names no folder")
	}
	b := browsertest.Open(t)
	u := signIn(t, b)
	for _, look := range []string{"light", "dark"} {
		for _, size := range []string{"wide", "phone"} {
			if size == "wide" {
				b.Wide()
			} else {
				b.Phone()
			}
			for _, s := range [][2]string{{"today", ""}, {"calendar", "/calendar"}, {"month", "/calendar?view=month"}, {"list", "/calendar?view=list"}, {"posts", "/posts"}, {"compose", "/compose"},
				{"attention", "/attention"}, {"media", "/media"}, {"channels", "/channels"}, {"notifications", "/notifications"}, {"hold", "/hold"}, {"settings", "/settings/brand"}, {"account", "/settings/account"}, {"tokens", "/settings/tokens"}, {"mail", "/settings/mail"}, {"log", "/settings/log"}, {"about", "/settings/about"}} {
				u.open(s[1])
				browsertest.Ask[any](b, fmt.Sprintf(`document.documentElement.className = %q, 0`, look))
				shot, err := chromedp.Run(b.Context(), chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatal(err)
				}
				os.WriteFile(filepath.Join(folder, s[0]+"-"+size+"-"+look+".png"), shot, 0o644)
			}
		}
	}
	b.Clean()
}
