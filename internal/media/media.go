// Package media is a brand's pictures: checked, re-encoded and kept with a
// small copy, described for those who cannot see them. It decides nothing
// about posts, but a picture that one needs is not deleted.
package media

import (
	"rapport/internal/db"
	"rapport/internal/network"
)

// Media is one picture.
type Media struct {
	ID, Brand string
	Name      string // of the file as it came, without its folder
	Mime      string
	Bytes     int64
	Width     int
	Height    int
	Alt       string // description; "" while there is none
	Color     string // #rrggbb, shown until the picture is there; may be ""
	CreatedBy string // account id; "" for the program
	CreatedAt db.Time
	DeletedAt db.Time // 0 while it is in the library

	blob, thumb, original string // keys of the files
}

// Item is the picture as limits are checked against it. It cannot be opened:
// see Library.Items.
func (m Media) Item() network.Media {
	return network.Media{ID: m.ID, Mime: m.Mime, Name: m.Name, Bytes: m.Bytes, Width: m.Width, Height: m.Height, Alt: m.Alt}
}
