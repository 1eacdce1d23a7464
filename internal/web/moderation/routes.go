// Package moderation is where a team looks after its community: what waits for
// a look, members, spaces, rules, and what was searched in vain.
package moderation

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// Pages are the community as its team sees it.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes are where the team looks after the community.
func (p *Pages) Routes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/community", Door: studio.InBrand, Need: access.TopicModerate, Handle: p.communityQueue},
		{Pattern: "POST /studio/{brand}/community/cases/{case}", Door: studio.InBrand, Need: access.TopicModerate, Handle: p.communityDecide},
		{Pattern: "GET /studio/{brand}/community/pictures/{picture}", Door: studio.InBrand, Need: access.TopicModerate, Handle: p.communityPicture},
		{Pattern: "GET /studio/{brand}/community/members", Door: studio.InBrand, Need: access.MemberRead, Handle: p.communityMembers},
		{Pattern: "POST /studio/{brand}/community/members/{member}", Door: studio.InBrand, Need: access.MemberWrite, Handle: p.communityMember},
		{Pattern: "GET /studio/{brand}/community/members/{member}/picture", Door: studio.InBrand, Need: access.MemberRead, Handle: p.communityFace},
		{Pattern: "POST /studio/{brand}/community/members/{member}/picture", Door: studio.InBrand, Need: access.TopicModerate, Handle: p.communityFaceTake},
		{Pattern: "GET /studio/{brand}/community/spaces", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communitySpaces)},
		{Pattern: "POST /studio/{brand}/community/spaces", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communitySpaceAdd)},
		{Pattern: "GET /studio/{brand}/community/spaces/{space}", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communitySpace)},
		{Pattern: "POST /studio/{brand}/community/spaces/{space}", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communitySpaceSave)},
		{Pattern: "POST /studio/{brand}/community/spaces/{space}/move", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communitySpaceMove)},
		{Pattern: "POST /studio/{brand}/community/spaces/{space}/moderators", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.communitySpaceModerators},
		{Pattern: "GET /studio/{brand}/community/searches", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communitySearches)},
		{Pattern: "GET /studio/{brand}/community/searches.csv", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communitySearchesCSV)},
		{Pattern: "GET /studio/{brand}/community/pages", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communityPapers)},
		{Pattern: "GET /studio/{brand}/community/pages/{paper}", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communityPaper)},
		{Pattern: "POST /studio/{brand}/community/pages/{paper}", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communityPaperSave)},
		{Pattern: "GET /studio/{brand}/community/setup", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communitySetup)},
		{Pattern: "POST /studio/{brand}/community/setup", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communitySetupSave)},
		{Pattern: "GET /studio/{brand}/community/open", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communityOpenAsk)},
		{Pattern: "POST /studio/{brand}/community/open", Door: studio.InBrand, Need: access.CommunityWrite, Handle: p.hosting(p.communityOpen)},
	}
}
