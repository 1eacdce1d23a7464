package web

import "rapport/internal/access"

// route is one line of the list of routes.
type route struct {
	pattern string
	door    door
	need    access.Action // what a role needs to get anywhere here; of routes in a brand
	handle  handler
	body    int64 // most bytes a request may send; 0 is formMost
	// sure asks for the password again, unless it was given lately: before
	// somebody changes who or what else has access.
	sure bool
}
