package web

import "rapport/internal/access"

// communityRoutes are where the team looks after the community.
func (p *Pages) communityRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/community", door: inBrand, need: access.TopicModerate, handle: p.communityQueue},
		{pattern: "POST /studio/{brand}/community/cases/{case}", door: inBrand, need: access.TopicModerate, handle: p.communityDecide},
		{pattern: "GET /studio/{brand}/community/members", door: inBrand, need: access.MemberRead, handle: p.communityMembers},
		{pattern: "POST /studio/{brand}/community/members/{member}", door: inBrand, need: access.MemberWrite, handle: p.communityMember},
		{pattern: "GET /studio/{brand}/community/members/{member}/picture", door: inBrand, need: access.MemberRead, handle: p.communityFace},
		{pattern: "POST /studio/{brand}/community/members/{member}/picture", door: inBrand, need: access.TopicModerate, handle: p.communityFaceTake},
		{pattern: "GET /studio/{brand}/community/spaces", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communitySpaces)},
		{pattern: "POST /studio/{brand}/community/spaces", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communitySpaceAdd)},
		{pattern: "GET /studio/{brand}/community/spaces/{space}", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communitySpace)},
		{pattern: "POST /studio/{brand}/community/spaces/{space}", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communitySpaceSave)},
		{pattern: "POST /studio/{brand}/community/spaces/{space}/move", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communitySpaceMove)},
		{pattern: "POST /studio/{brand}/community/spaces/{space}/moderators", door: inBrand, need: access.TeamWrite, sure: true, handle: p.communitySpaceModerators},
		{pattern: "GET /studio/{brand}/community/searches", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communitySearches)},
		{pattern: "GET /studio/{brand}/community/searches.csv", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communitySearchesCSV)},
		{pattern: "GET /studio/{brand}/community/pages", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communityPapers)},
		{pattern: "GET /studio/{brand}/community/pages/{paper}", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communityPaper)},
		{pattern: "POST /studio/{brand}/community/pages/{paper}", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communityPaperSave)},
		{pattern: "GET /studio/{brand}/community/setup", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communitySetup)},
		{pattern: "POST /studio/{brand}/community/setup", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communitySetupSave)},
		{pattern: "POST /studio/{brand}/community/open", door: inBrand, need: access.CommunityWrite, handle: p.hosting(p.communityOpen)},
	}
}
