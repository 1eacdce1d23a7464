package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/notify"
)

// Notification is a line in the list of the token's account.
type Notification struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind" doc:"Of the event." example:"comment.mentioned"`
	Topic     string     `json:"topic,omitempty" doc:"Its row among the settings." example:"mention"`
	Subject   string     `json:"subject" doc:"Id of what it is about."`
	Text      string     `json:"text"`
	Href      string     `json:"href" doc:"Path of the page that helps."`
	CreatedAt time.Time  `json:"created_at"`
	ReadAt    *time.Time `json:"read_at,omitempty"`
}

func notificationView(n notify.Notification) Notification {
	return Notification{ID: n.ID, Kind: n.Kind, Topic: notify.TopicOf(n.Kind), Subject: n.Subject, Text: n.Text, Href: n.Href, CreatedAt: n.CreatedAt.Time(), ReadAt: moment(n.ReadAt)}
}

// NotificationSettings are where the token's account hears of what.
type NotificationSettings struct {
	Topics []TopicSetting `json:"topics" nullable:"false"`
	Digest DigestSetting  `json:"digest"`
}

// TopicSetting is where the account hears of a topic.
type TopicSetting struct {
	Topic  string `json:"topic" maxLength:"64" example:"mention"`
	Studio bool   `json:"studio"`
	Mail   bool   `json:"mail" doc:"In a letter of its own, at once."`
	Digest bool   `json:"digest"`
}

// DigestSetting is when the digest is sent.
type DigestSetting struct {
	Every   string `json:"every" enum:"day,week,never"`
	Weekday int    `json:"weekday" minimum:"0" maximum:"6" doc:"Of a weekly one; 0 is Sunday."`
	Hour    int    `json:"hour" minimum:"0" maximum:"23" doc:"By the brand's clock."`
}

type notificationQuery struct {
	Paging
	Topic  string `query:"topic" maxLength:"64"`
	Unread bool   `query:"unread"`
}

type readMarks struct {
	Body struct {
		IDs []string `json:"ids,omitempty" maxItems:"200" nullable:"false" doc:"Missing: all."`
	}
}

type settingsChange struct {
	Body NotificationSettings
}

func (a *handler) notificationOperations() {
	add(a, op{id: "list-notifications", method: http.MethodGet, path: "/notifications", tag: "Together", title: "List notifications", about: "Of the account that made the token.", scope: access.BrandRead}, a.listNotifications)
	add(a, op{id: "read-notifications", example: `{}`, method: http.MethodPost, path: "/notifications/read", tag: "Together", title: "Mark notifications as read", status: http.StatusNoContent, scope: access.BrandRead}, a.readNotifications)
	add(a, op{id: "unread-notification", method: http.MethodPost, path: "/notifications/{id}/unread", tag: "Together", title: "Mark a notification as unread", status: http.StatusNoContent, scope: access.BrandRead}, a.unreadNotification)
	add(a, op{id: "notification-settings", method: http.MethodGet, path: "/notification-settings", tag: "Together", title: "Read what the account hears of", scope: access.BrandRead}, a.notificationSettings)
	add(a, op{id: "change-notification-settings", example: `{"topics":[{"topic":"mention","studio":true,"mail":false,"digest":true}],"digest":{"every":"week","weekday":1,"hour":9}}`, method: http.MethodPatch, path: "/notification-settings", tag: "Together",
		title: "Choose what the account hears of", about: "Topics that are missing stay as they are.", scope: access.BrandRead}, a.changeNotificationSettings)
}

func (a *handler) listNotifications(ctx context.Context, c caller, in *notificationQuery) (*body[items[Notification]], error) {
	page, err := in.page("notifications", c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := notify.List(ctx, a.DB, c.who, c.token.Brand, notify.Filter{Topic: in.Topic, Unread: in.Unread}, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("notifications", c.token.Brand, all, next, notificationView), nil
}

func (a *handler) readNotifications(ctx context.Context, c caller, in *readMarks) (*struct{}, error) {
	return nil, notify.MarkRead(ctx, a.DB, c.who, c.token.Brand, in.Body.IDs...)
}

func (a *handler) unreadNotification(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, notify.MarkUnread(ctx, a.DB, c.who, c.token.Brand, in.ID)
}

func (a *handler) notificationSettings(ctx context.Context, c caller, _ *struct{}) (*body[NotificationSettings], error) {
	rows, d, err := notify.Settings(ctx, a.DB, c.who, c.token.Brand)
	out := NotificationSettings{Topics: make([]TopicSetting, len(rows)), Digest: DigestSetting{d.Every, int(d.Weekday), d.Hour}}
	for i, r := range rows {
		out.Topics[i] = TopicSetting{r.ID, r.Studio, r.Mail, r.Choice.Digest}
	}
	return answerOf(out, err)
}

func (a *handler) changeNotificationSettings(ctx context.Context, c caller, in *settingsChange) (*body[NotificationSettings], error) {
	choices := map[string]notify.Choice{}
	for _, t := range in.Body.Topics {
		choices[t.Topic] = notify.Choice{Studio: t.Studio, Mail: t.Mail, Digest: t.Digest}
	}
	d := in.Body.Digest
	if err := notify.Choose(ctx, a.DB, c.who, c.token.Brand, choices, notify.Digest{Every: d.Every, Weekday: time.Weekday(d.Weekday), Hour: d.Hour}); err != nil {
		return nil, err
	}
	return a.notificationSettings(ctx, c, nil)
}
