package studio

import "rapport/internal/access"

// FrameRoutes are what every page loads around its content.
func (s *Studio) FrameRoutes() []Route {
	return []Route{
		{Pattern: "GET /studio/{brand}/theme.css", Door: InBrand, Need: access.BrandRead, Handle: s.themeCSS},
		{Pattern: "GET /studio/{brand}/frame", Door: InBrand, Need: access.BrandRead, Handle: s.frameShow},
		{Pattern: "GET /studio/live", Door: SignedIn, Handle: s.liveStream},
		{Pattern: "GET /studio/gallery", Door: SignedIn, Handle: s.galleryShow},
	}
}
