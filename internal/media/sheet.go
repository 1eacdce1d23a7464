package media

import (
	"bytes"
	"context"
	"io"

	"rapport/internal/access"
	"rapport/internal/fault"
	"rapport/internal/media/picture"
)

// A sheet is a strip of small squares, so that a page with many pictures asks
// once for all of them.
const (
	SheetMost = 48 // pictures on one sheet
	SheetSide = 72 // pixels of each square
)

// Sheet returns the pictures side by side in the order of their ids, as one
// JPEG. What the brand does not have stays blank.
func (l *Library) Sheet(ctx context.Context, who access.Who, brandID string, ids []string) ([]byte, error) {
	if err := who.May(l.DB.Now(), brandID, access.MediaRead); err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > SheetMost {
		return nil, fault.OnField("ids", "Ask for 1 to %d pictures.", SheetMost)
	}
	all, err := ByIDs(ctx, l.DB, brandID, ids)
	if err != nil {
		return nil, err
	}
	strip := make([]io.Reader, len(ids))
	for i, id := range ids {
		m, ok := all[id]
		if !ok {
			continue
		}
		file, err := l.read(ctx, m.thumb)
		if err != nil {
			continue // a lost file leaves a blank; the others still show
		}
		strip[i] = bytes.NewReader(file)
	}
	return picture.Sheet(strip, SheetSide)
}
