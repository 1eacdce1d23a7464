package ui

import (
	"strings"
	"time"
)

// galleryNow makes the gallery look the same on every day.
var galleryNow = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

func slug(title string) string {
	return strings.ReplaceAll(strings.ToLower(title), " ", "-") + "-"
}

// galleryState is a delivery's state for the samples.
func galleryState(name string) *State {
	s := DeliveryState(name)
	return &s
}
