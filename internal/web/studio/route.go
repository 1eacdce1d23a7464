package studio

import "rapport/internal/access"

// Route is one line of the list of routes.
type Route struct {
	Pattern string
	Door    Door
	Need    access.Action // what a role needs to get anywhere here; of routes in a brand
	Handle  Handler
	Body    int64 // most bytes a request may send; 0 is formMost
	// sure asks for the password again, unless it was given lately: before
	// somebody changes who or what else has access.
	Sure bool
}
