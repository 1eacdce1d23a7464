package browsertest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// complaints is what the console said that it should not.
type complaints struct {
	mu    sync.Mutex
	lines []string
}

func (c *complaints) listen(ctx context.Context) error {
	messages := chromedp.Console(ctx)
	if err := chromedp.Do(ctx); err != nil {
		return err
	}
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == "error" || m.IsException() {
				c.add(m.String())
			}
		}
	}()
	return nil
}

func (c *complaints) add(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, line)
}

// Complaints is what the console has called an error so far, without the
// lines that hold one of the expected words.
func (b *Tab) Complaints(expected ...string) []string {
	b.said.mu.Lock()
	defer b.said.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.said.lines), func(line string) bool {
		return slices.ContainsFunc(expected, func(words string) bool { return strings.Contains(line, words) })
	})
}

// Clean fails the test if the console complained of anything but the expected.
func (b *Tab) Clean(expected ...string) {
	b.t.Helper()
	if said := b.Complaints(expected...); len(said) > 0 {
		b.t.Errorf("the console says:\n%s", strings.Join(said, "\n"))
	}
}
