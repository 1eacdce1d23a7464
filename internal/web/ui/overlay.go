package ui

import "github.com/a-h/templ"

// Opens are the attributes of a button that opens the dialog.
func Opens(dialog string) templ.Attributes {
	return templ.Attributes{"command": "show-modal", "commandfor": dialog, "aria-haspopup": "dialog"}
}

// Closes are the attributes of a button that closes the dialog.
func Closes(dialog string) templ.Attributes {
	return templ.Attributes{"command": "close", "commandfor": dialog}
}
