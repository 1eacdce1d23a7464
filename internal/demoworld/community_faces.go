package demoworld

import (
	"context"
	"fmt"
	"hash/crc32"
	"runtime"

	"golang.org/x/sync/errgroup"

	"rapport/internal/brand"
	"rapport/internal/demoworld/scene"
	"rapport/internal/member"
)

// portraits is how many members have a picture: two thirds.
const portraits = 200

// portray puts the pictures of members into the store while other things are
// done, and returns a function that waits for it and gives their keys.
func (w World) portray(ctx context.Context, b brand.Brand) func() ([]string, error) {
	keys := make([]string, portraits)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	begun := make(chan struct{})
	go func() {
		defer close(begun)
		for i := range keys {
			g.Go(func() error {
				file, err := scene.Face(i)
				if err == nil {
					keys[i], err = member.StageFace(ctx, w.Library.Blobs, b.ID, file)
				}
				return err
			})
		}
	}()
	return func() ([]string, error) {
		<-begun
		if err := g.Wait(); err != nil {
			return nil, fmt.Errorf("demoworld: pictures of members: %w", err)
		}
		return keys, nil
	}
}

// face gives two thirds of the crowd a picture of their own, and the team. The
// owner has none yet: whoever looks at the demo may choose one.
func (t *town) face(s *soul) string {
	left, others := len(t.faces)-t.portrayed, len(t.staff)-1
	if left == 0 || s == t.staff["robin"] || s.state != member.Active || !s.team && (left <= others || crc32.ChecksumIEEE([]byte(s.handle))%3 == 0) {
		return ""
	}
	t.portrayed++
	return t.faces[t.portrayed*71%len(t.faces)]
}
