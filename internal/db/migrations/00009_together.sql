-- +goose Up
-- Working together: what the team says on a post, who has one open, tasks,
-- what one shift tells the next, and how each account wants to hear of news.

CREATE TABLE comment (
	id          ctext PRIMARY KEY,
	brand_id    ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	post_id     ctext NOT NULL REFERENCES post (id) ON DELETE CASCADE,
	account_id  ctext NOT NULL,                  -- who wrote it
	channel_id  ctext NOT NULL DEFAULT '',       -- the version it is about; '' the common one
	part        BIGINT NOT NULL DEFAULT 0,       -- the part it is about, from 1; 0 the whole
	text        TEXT NOT NULL,                   -- emptied some time after its removal
	mentions    TEXT NOT NULL DEFAULT '',        -- JSON list of account ids
	created_at  BIGINT NOT NULL,
	edited_at   BIGINT NOT NULL DEFAULT 0,
	resolved_at BIGINT NOT NULL DEFAULT 0,
	resolved_by ctext NOT NULL DEFAULT '',
	removed_at  BIGINT NOT NULL DEFAULT 0,
	removed_by  ctext NOT NULL DEFAULT ''
);
CREATE INDEX comment_post ON comment (brand_id, post_id, created_at, id);
CREATE INDEX comment_removed ON comment (removed_at) WHERE removed_at > 0 AND text <> '';

-- Who has a post open, and who changes it. Rows live for a minute.
CREATE TABLE post_presence (
	post_id    ctext NOT NULL REFERENCES post (id) ON DELETE CASCADE,
	account_id ctext NOT NULL,
	brand_id   ctext NOT NULL,
	seen_at    BIGINT NOT NULL,
	editing_at BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (post_id, account_id)
);
CREATE INDEX post_presence_age ON post_presence (seen_at);

CREATE TABLE task (
	id           ctext PRIMARY KEY,
	brand_id     ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	title        TEXT NOT NULL,
	note         TEXT NOT NULL DEFAULT '',
	assignee_id  ctext NOT NULL DEFAULT '',      -- '' nobody yet
	subject_kind ctext NOT NULL DEFAULT '',      -- post, conversation; '' none
	subject_id   ctext NOT NULL DEFAULT '',
	channel_id   ctext NOT NULL DEFAULT '',      -- of its conversation: who may not see that does not see the task
	due_at       BIGINT NOT NULL DEFAULT 0,      -- 0 whenever
	sort_at      BIGINT NOT NULL,                -- due_at, or far away without one
	done_at      BIGINT NOT NULL DEFAULT 0,
	done_by      ctext NOT NULL DEFAULT '',
	told_at      BIGINT NOT NULL DEFAULT 0,      -- when its assignee was told that it is due
	deleted_at   BIGINT NOT NULL DEFAULT 0,
	author_id    ctext NOT NULL,
	revision     BIGINT NOT NULL DEFAULT 1,
	created_at   BIGINT NOT NULL,
	updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX task_brand ON task (brand_id, id);
CREATE INDEX task_open ON task (brand_id, sort_at, id) WHERE done_at = 0 AND deleted_at = 0;
CREATE INDEX task_mine ON task (brand_id, assignee_id, sort_at, id) WHERE done_at = 0 AND deleted_at = 0;
CREATE INDEX task_done ON task (brand_id, done_at, id) WHERE done_at > 0 AND deleted_at = 0;
CREATE INDEX task_subject ON task (brand_id, subject_id, sort_at, id) WHERE subject_id <> '' AND deleted_at = 0;
CREATE INDEX task_due ON task (due_at) WHERE done_at = 0 AND told_at = 0 AND due_at > 0 AND deleted_at = 0;

-- What the next shift must know: the newest one counts.
CREATE TABLE handover (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	account_id ctext NOT NULL,
	text       TEXT NOT NULL,
	at         BIGINT NOT NULL
);
CREATE INDEX handover_list ON handover (brand_id, at, id);

CREATE TABLE handover_seen (
	handover_id ctext NOT NULL REFERENCES handover (id) ON DELETE CASCADE,
	account_id  ctext NOT NULL,
	at          BIGINT NOT NULL,
	PRIMARY KEY (handover_id, account_id)
);

-- How an account wants to hear of a kind of news, where it chose otherwise
-- than its role does.
CREATE TABLE news_choice (
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	topic      ctext NOT NULL,
	studio     BOOLEAN NOT NULL,
	mail       BOOLEAN NOT NULL,
	digest     BOOLEAN NOT NULL,
	PRIMARY KEY (account_id, brand_id, topic)
);
CREATE INDEX news_choice_topic ON news_choice (brand_id, topic);

CREATE TABLE digest (
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	every      ctext NOT NULL,                   -- day, week, never
	weekday    BIGINT NOT NULL,                  -- of a weekly one, 0 is Sunday
	hour       BIGINT NOT NULL,                  -- by the brand's clock
	PRIMARY KEY (account_id, brand_id)
);

-- What waits for the next digest of an account.
CREATE TABLE digest_item (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	kind       ctext NOT NULL,
	channel_id ctext NOT NULL DEFAULT '',
	text       TEXT NOT NULL,
	href       TEXT NOT NULL,
	source     ctext NOT NULL,                   -- as of the notification
	due_at     BIGINT NOT NULL,                  -- when the digest is sent
	created_at BIGINT NOT NULL,
	UNIQUE (account_id, source)
);
CREATE INDEX digest_item_due ON digest_item (due_at);
CREATE INDEX digest_item_of ON digest_item (brand_id, account_id, due_at);

-- Conversations of which was told that somebody waits in them for long.
CREATE TABLE waiting_told (
	conversation_id ctext NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
	since           BIGINT NOT NULL,
	PRIMARY KEY (conversation_id, since)
);
CREATE INDEX conversation_long_wait ON conversation (waiting_since) WHERE waiting_since > 0;

-- Where a letter can be done without, by one request.
ALTER TABLE letter ADD COLUMN unsubscribe TEXT NOT NULL DEFAULT '';
CREATE INDEX letter_age ON letter (created_at);
CREATE INDEX notification_age ON notification (created_at);
CREATE INDEX notification_kind ON notification (brand_id, account_id, kind, created_at, id);
