-- +goose Up
-- What members are told. A row holds no words: it says what concerns whom, and
-- who reads it is shown what is there now. While it is unread it grows instead
-- of being followed by another.
CREATE TABLE notice (
	id        ctext PRIMARY KEY,
	brand_id  ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	member_id ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	kind      ctext NOT NULL,
	subject   ctext NOT NULL,                    -- what is told of together: a topic, a reply, a member
	topic_id  ctext NOT NULL DEFAULT '',         -- '' where it is about none
	reply_id  ctext NOT NULL DEFAULT '',         -- the first it tells of
	answers   BIGINT NOT NULL DEFAULT 0,         -- only replies that answer this number; 0 all
	detail    ctext NOT NULL DEFAULT '',         -- a decision, a member's state, or who accepted
	low       BIGINT NOT NULL,                   -- number of the first reply, or the first time
	high      BIGINT NOT NULL,                   -- of the last
	shown     BOOLEAN NOT NULL,                  -- stands in the list
	digest    BOOLEAN NOT NULL,                  -- waits for the next digest
	at        BIGINT NOT NULL,                   -- when it last grew
	read_at   BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX notice_unread ON notice (member_id, kind, subject) WHERE read_at = 0;
CREATE INDEX notice_subject ON notice (member_id, kind, subject, high);
CREATE INDEX notice_list ON notice (brand_id, member_id, at, id);
CREATE INDEX notice_open ON notice (brand_id, member_id, topic_id) WHERE read_at = 0;
CREATE INDEX notice_reply ON notice (reply_id);
CREATE INDEX notice_age ON notice (at);

-- Where members want to hear of a kind, where that is not the usual.
CREATE TABLE notice_choice (
	member_id ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	kind      ctext NOT NULL,
	brand_id  ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	shown     BOOLEAN NOT NULL,
	mail      BOOLEAN NOT NULL,
	digest    BOOLEAN NOT NULL,
	PRIMARY KEY (member_id, kind)
);
CREATE INDEX notice_choice_brand ON notice_choice (brand_id, member_id);

-- When members get their digest.
CREATE TABLE notice_digest (
	member_id ctext PRIMARY KEY REFERENCES member (id) ON DELETE CASCADE,
	brand_id  ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	every     ctext NOT NULL,                    -- day, week, never
	weekday   BIGINT NOT NULL,                   -- of a weekly one, 0 is Sunday
	hour      BIGINT NOT NULL,                   -- by the clock of their zone
	zone      ctext NOT NULL DEFAULT '',         -- IANA name; '' is the brand's
	since     BIGINT NOT NULL DEFAULT 0,         -- up to when the last one told
	next_at   BIGINT NOT NULL DEFAULT 0          -- when the next is due; 0 none
);
CREATE INDEX notice_digest_brand ON notice_digest (brand_id, member_id);
CREATE INDEX notice_digest_due ON notice_digest (next_at) WHERE next_at > 0;

-- Those who follow are read some at a time, in the order of their ids.
DROP INDEX watch_of;
CREATE INDEX watch_of ON watch (brand_id, subject, level, member_id);
