package commons

import (
	"net/http"
	"slices"

	"rapport/internal/tell"
)

// routes is every route there is. The paths begin behind the community's
// address.
func (p *Pages) routes() []route {
	return slices.Concat(p.readRoutes(), p.writeRoutes(), p.peopleRoutes(), p.noticeRoutes(), p.lookRoutes(), p.programRoutes())
}

// alone are pages made of nothing but the community itself.
func alone(*http.Request) []string { return []string{} }

// listed are pages that show topics of any kind.
func listed(r *http.Request) []string { return []string{ofTopics(in(r).Brand.ID)} }

// readRoutes are where topics are read.
func (p *Pages) readRoutes() []route {
	return []route{
		{pattern: "GET /{$}", handle: p.home, shelve: listed},
		{pattern: "GET /unanswered", handle: p.home, shelve: listed},
		{pattern: "GET /top", handle: p.home, shelve: listed},
		{pattern: "GET /followed", handle: p.home, member: true},
		{pattern: "GET /spaces", handle: p.spaceList, shelve: listed},
		{pattern: "GET /s/{space}", handle: p.spaceShow, shelve: listed},
		{pattern: "GET /t/{slug}/{number}", handle: p.topicShow, shelve: p.ofTopic},
		{pattern: "GET /t/{slug}/{number}/history/{reply}", handle: p.historyShow},
		{pattern: "GET /search", handle: p.searchShow},
		{pattern: "GET /p/{picture}", handle: p.pictureShow},
		{pattern: "GET /face/{file}", handle: p.faceShow, own: true},
		{pattern: "GET /l/{code}", handle: p.linkFollow, shut: true},
	}
}

// writeRoutes are where members write and react.
func (p *Pages) writeRoutes() []route {
	return []route{
		{pattern: "GET /accept", handle: p.acceptForm, member: true},
		{pattern: "POST /accept", handle: p.acceptDo, member: true},
		{pattern: "GET /new", handle: p.topicNew, member: true},
		{pattern: "POST /new", handle: p.topicBegin, member: true, words: []string{"title", "text"}},
		{pattern: "POST /t/{slug}/{number}", handle: p.replySay, member: true, words: []string{"text"}},
		{pattern: "POST /t/{slug}/{number}/follow", handle: p.topicFollow, member: true},
		{pattern: "POST /s/{space}/follow", handle: p.spaceFollow, member: true},
		{pattern: "GET /t/{slug}/{number}/edit/{reply}", handle: p.replyEdit, member: true},
		{pattern: "POST /t/{slug}/{number}/edit/{reply}", handle: p.replyChange, member: true, words: []string{"title", "text"}},
		{pattern: "POST /r/{reply}/react", handle: p.replyReact, member: true},
		{pattern: "POST /r/{reply}/bookmark", handle: p.replyBookmark, member: true},
		{pattern: "POST /r/{reply}/accept", handle: p.replyAccept, member: true},
		{pattern: "POST /r/{reply}/withdraw", handle: p.replyWithdraw, member: true},
		{pattern: "POST /r/{reply}/return", handle: p.replyReturn, member: true},
		{pattern: "GET /r/{reply}", handle: p.replyPlace},
		{pattern: "GET /r/{reply}/flag", handle: p.flagForm, member: true},
		{pattern: "POST /r/{reply}/flag", handle: p.flagDo, member: true, words: []string{"note"}},
		{pattern: "GET /bookmarks", handle: p.bookmarkList, member: true},
		{pattern: "GET /drafts", handle: p.draftList, member: true},
		{pattern: "POST /drafts", handle: p.draftForget, member: true},
		{pattern: "POST /preview", handle: p.preview, member: true, script: true, body: wordsMost},
		{pattern: "POST /draft", handle: p.draftKeep, member: true, script: true, body: wordsMost},
		{pattern: "POST /pictures", handle: p.pictureAdd, member: true, script: true, body: pictureMost},
	}
}

// lookRoutes are what the team does where it reads.
func (p *Pages) lookRoutes() []route {
	return []route{
		{pattern: "GET /r/{reply}/decide", handle: p.decideForm, member: true},
		{pattern: "POST /r/{reply}/decide", handle: p.decideDo, member: true, words: []string{"reason"}},
		{pattern: "POST /t/{slug}/{number}/manage", handle: p.topicManage, member: true},
	}
}

// people are pages that show members.
func people(r *http.Request) []string {
	return []string{ofTopics(in(r).Brand.ID), in(r).Brand.ID + " people"}
}

// peopleRoutes show members.
func (p *Pages) peopleRoutes() []route {
	return []route{
		{pattern: "GET /u/{handle}", handle: p.personShow, shelve: people},
		{pattern: "GET /people", handle: p.peopleList, shelve: people},
		{pattern: "GET /join", handle: p.joinForm},
		{pattern: "POST /join", handle: p.joinDo},
		{pattern: "GET /join/address/{token}", handle: p.addressAsk},
		{pattern: "POST /join/address/{token}", handle: p.addressProven},
		{pattern: "POST /join/letter", handle: p.addressAgain, member: true},
		{pattern: "GET /me", handle: p.me, member: true, own: true},
		{pattern: "POST /me", handle: p.meSave, member: true, words: []string{"bio"}},
		{pattern: "POST /me/picture", handle: p.mePicture, member: true, body: pictureMost},
		{pattern: "POST /me/picture/remove", handle: p.mePictureRemove, member: true},
		{pattern: "GET /me/account", handle: p.accountShow, member: true, own: true},
		{pattern: "POST /me/account/password", handle: p.accountPassword, member: true, own: true},
		{pattern: "POST /me/account/address", handle: p.accountAddress, member: true, own: true},
		{pattern: "POST /me/account/sessions", handle: p.accountSessions, member: true, own: true},
		{pattern: "POST /me/account/language", handle: p.accountLanguage, member: true, own: true},
		{pattern: "GET /me/accounts", handle: p.elsewhere, member: true},
		{pattern: "POST /me/accounts", handle: p.elsewhereBegin, member: true},
		{pattern: "POST /me/accounts/{claim}/check", handle: p.elsewhereCheck, member: true},
		{pattern: "POST /me/accounts/{claim}/show", handle: p.elsewhereShow, member: true},
		{pattern: "POST /me/accounts/{claim}/withdraw", handle: p.elsewhereWithdraw, member: true},
		{pattern: "GET /me/export", handle: p.meExport, member: true, own: true},
		{pattern: "POST /me/leave", handle: p.meLeave, member: true, own: true},
		{pattern: "GET /guidelines", handle: p.paper("guidelines"), shelve: alone, after: true},
		{pattern: "GET /terms", handle: p.paper("terms"), shelve: alone, after: true},
		{pattern: "GET /privacy", handle: p.paper("privacy"), shelve: alone, after: true},
		{pattern: "GET /imprint", handle: p.paper("imprint"), shelve: alone, after: true},
		{pattern: "GET /logo", handle: p.logoShow, own: true, after: true},
	}
}

// noticeRoutes are what members are told, and where they choose it.
func (p *Pages) noticeRoutes() []route {
	return []route{
		{pattern: "GET /live", handle: p.listen},
		{pattern: "GET /notices/bell", handle: p.noticeBell},
		{pattern: "GET /notices", handle: p.noticeList, member: true},
		{pattern: "POST /notices/read", handle: p.noticeRead, member: true},
		{pattern: "GET /me/notices", handle: p.noticeChoices, member: true},
		{pattern: "POST /me/notices", handle: p.noticeChoose, member: true},
		{pattern: "GET " + tell.StopPath, handle: p.noticeStop, shut: true},
		{pattern: "POST " + tell.StopPath, handle: p.noticeStopped, shut: true},
	}
}

// programRoutes are for programs.
func (p *Pages) programRoutes() []route {
	return []route{
		{pattern: "GET /look.css", handle: p.look, shut: true},
		{pattern: "GET /feed.atom", handle: p.feed, shelve: listed},
		{pattern: "GET /s/{space}/feed.atom", handle: p.feed, shelve: listed},
		{pattern: "GET /t/{slug}/{number}/feed.atom", handle: p.topicFeed, shelve: p.ofTopic},
		{pattern: "GET /sitemap.xml", handle: p.sitemap, shelve: listed},
		{pattern: "GET /robots.txt", handle: p.robots, shelve: alone},
	}
}
