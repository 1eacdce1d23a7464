// Package inbox is where a team answers: the list of conversations and the
// open one.
package inbox

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
	"rapport/internal/web/together"
)

// Pages are the inbox.
type Pages struct {
	*studio.Studio
	together *together.Pages
}

// New returns them. They show parts of the other pages they are given.
func New(s *studio.Studio, together *together.Pages) *Pages {
	return &Pages{Studio: s, together: together}
}

// Routes are where people are heard and answered.
func (p *Pages) Routes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/inbox", Door: studio.InBrand, Need: access.ConversationRead, Handle: p.inboxList},
		{Pattern: "POST /studio/{brand}/inbox/bulk", Door: studio.InBrand, Need: access.ConversationWrite, Handle: p.inboxBulk},
		{Pattern: "POST /studio/{brand}/inbox/undo", Door: studio.InBrand, Need: access.ConversationWrite, Handle: p.inboxUndo},
		{Pattern: "GET /studio/{brand}/inbox/{conversation}", Door: studio.InBrand, Need: access.ConversationRead, Handle: p.inboxThreadShow},
		{Pattern: "POST /studio/{brand}/inbox/{conversation}/state", Door: studio.InBrand, Need: access.ConversationWrite, Handle: p.inboxState},
		{Pattern: "POST /studio/{brand}/inbox/{conversation}/assign", Door: studio.InBrand, Need: access.ConversationWrite, Handle: p.inboxAssign},
		{Pattern: "POST /studio/{brand}/inbox/{conversation}/labels", Door: studio.InBrand, Need: access.ConversationWrite, Handle: p.inboxLabels},
		{Pattern: "POST /studio/{brand}/inbox/{conversation}/answer", Door: studio.InBrand, Need: access.ConversationReply, Handle: p.inboxAnswer},
		{Pattern: "POST /studio/{brand}/inbox/{conversation}/notes", Door: studio.InBrand, Need: access.ConversationWrite, Handle: p.inboxNote},
		{Pattern: "POST /studio/{brand}/inbox/{conversation}/delivery", Door: studio.InBrand, Need: access.ConversationReply, Handle: p.inboxDelivery},
		{Pattern: "POST /studio/{brand}/inbox/{look}/decide", Door: studio.InBrand, Need: access.ConversationWrite, Handle: p.inboxDecide},
		{Pattern: "GET /studio/{brand}/inbox/messages/{message}/topic", Door: studio.InBrand, Need: access.ConversationWrite, Handle: p.inboxTopicNew},
		{Pattern: "POST /studio/{brand}/inbox/messages/{message}/topic", Door: studio.InBrand, Need: access.ConversationWrite, Handle: p.inboxTopicDo},
		{Pattern: "POST /studio/{brand}/inbox/crossings/{crossing}/carry", Door: studio.InBrand, Need: access.ConversationReply, Handle: p.inboxCarry},
		{Pattern: "GET /studio/{brand}/inbox/{conversation}/presence", Door: studio.InBrand, Need: access.ConversationRead, Handle: p.inboxPresence},
		{Pattern: "POST /studio/{brand}/inbox/{conversation}/presence", Door: studio.InBrand, Need: access.ConversationRead, Handle: p.inboxHere},
	}
}
