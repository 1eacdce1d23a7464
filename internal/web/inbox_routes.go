package web

import "rapport/internal/access"

// inboxRoutes are where people are heard and answered.
func (p *Pages) inboxRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/inbox", door: inBrand, need: access.ConversationRead, handle: p.inboxList},
		{pattern: "POST /studio/{brand}/inbox/bulk", door: inBrand, need: access.ConversationWrite, handle: p.inboxBulk},
		{pattern: "POST /studio/{brand}/inbox/undo", door: inBrand, need: access.ConversationWrite, handle: p.inboxUndo},
		{pattern: "GET /studio/{brand}/inbox/{conversation}", door: inBrand, need: access.ConversationRead, handle: p.inboxThreadShow},
		{pattern: "POST /studio/{brand}/inbox/{conversation}/state", door: inBrand, need: access.ConversationWrite, handle: p.inboxState},
		{pattern: "POST /studio/{brand}/inbox/{conversation}/assign", door: inBrand, need: access.ConversationWrite, handle: p.inboxAssign},
		{pattern: "POST /studio/{brand}/inbox/{conversation}/labels", door: inBrand, need: access.ConversationWrite, handle: p.inboxLabels},
		{pattern: "POST /studio/{brand}/inbox/{conversation}/answer", door: inBrand, need: access.ConversationReply, handle: p.inboxAnswer},
		{pattern: "POST /studio/{brand}/inbox/{conversation}/notes", door: inBrand, need: access.ConversationWrite, handle: p.inboxNote},
		{pattern: "POST /studio/{brand}/inbox/{conversation}/delivery", door: inBrand, need: access.ConversationReply, handle: p.inboxDelivery},
		{pattern: "POST /studio/{brand}/inbox/{look}/decide", door: inBrand, need: access.ConversationWrite, handle: p.inboxDecide},
		{pattern: "GET /studio/{brand}/inbox/messages/{message}/topic", door: inBrand, need: access.ConversationWrite, handle: p.inboxTopicNew},
		{pattern: "POST /studio/{brand}/inbox/messages/{message}/topic", door: inBrand, need: access.ConversationWrite, handle: p.inboxTopicDo},
		{pattern: "POST /studio/{brand}/inbox/crossings/{crossing}/carry", door: inBrand, need: access.ConversationReply, handle: p.inboxCarry},
		{pattern: "GET /studio/{brand}/inbox/{conversation}/presence", door: inBrand, need: access.ConversationRead, handle: p.inboxPresence},
		{pattern: "POST /studio/{brand}/inbox/{conversation}/presence", door: inBrand, need: access.ConversationRead, handle: p.inboxHere},
	}
}
