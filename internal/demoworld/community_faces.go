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

// portraits is how many pictures of members there are: enough that nobody of
// the two thirds who have one looks like another.
const portraits = 216

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

// face gives two thirds of the crowd a picture, and the team. The owner has
// none yet: whoever looks at the demo may choose one.
func (t *town) face(s *soul) string {
	if s == t.staff["robin"] || s.state != member.Active || !s.team && crc32.ChecksumIEEE([]byte(s.handle))%3 == 0 || len(t.faces) == 0 {
		return ""
	}
	t.portrayed++
	return t.faces[t.portrayed*71%len(t.faces)]
}
