package studio

import (
	"context"
	"net/http"

	"rapport/internal/i18n"
)

// errorTitle is the headline for a status, without blame.
func errorTitle(ctx context.Context, status int) string {
	switch status {
	case http.StatusNotFound:
		return i18n.T(ctx, "There is nothing here")
	case http.StatusForbidden:
		return i18n.T(ctx, "This is not open to you")
	case http.StatusConflict:
		return i18n.T(ctx, "Something has changed")
	case http.StatusUnprocessableEntity, http.StatusBadRequest, http.StatusMethodNotAllowed:
		return i18n.T(ctx, "That did not fit")
	case http.StatusTooManyRequests:
		return i18n.T(ctx, "A moment, please")
	case http.StatusServiceUnavailable:
		return i18n.T(ctx, "Not possible right now")
	}
	return i18n.T(ctx, "Something went wrong on our side")
}
