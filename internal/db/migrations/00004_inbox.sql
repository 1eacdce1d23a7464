-- +goose Up
-- What others say: conversations, the people in them, and how far each channel
-- was read.

-- What a connector noted of the account and its server; JSON object of strings.
ALTER TABLE channel ADD COLUMN details TEXT NOT NULL DEFAULT '';

-- People who are not members are forgotten after so many days of silence.
ALTER TABLE brand ADD COLUMN retention_days BIGINT NOT NULL DEFAULT 730;

-- A reply is a post of its own kind: it travels as every post does, and is in
-- no list of posts. An imported one was published by another program.
ALTER TABLE post ADD COLUMN kind ctext NOT NULL DEFAULT 'post';          -- post, reply
ALTER TABLE post ADD COLUMN origin ctext NOT NULL DEFAULT '';            -- '' written here, imported
ALTER TABLE post ADD COLUMN answers TEXT NOT NULL DEFAULT '';            -- JSON of network.Ref: what a reply answers
ALTER TABLE post ADD COLUMN conversation_id ctext NOT NULL DEFAULT '';   -- of a reply
ALTER TABLE delivery ADD COLUMN kind ctext NOT NULL DEFAULT 'post';      -- as its post's

-- The lists of posts pass replies over without reading them.
DROP INDEX post_recent;
DROP INDEX post_state;
DROP INDEX post_created;
DROP INDEX delivery_calendar;
DROP INDEX delivery_out;
CREATE INDEX post_recent ON post (brand_id, deleted_at, updated_at, id) WHERE kind = 'post';
CREATE INDEX post_state ON post (brand_id, deleted_at, state, updated_at, id) WHERE kind = 'post';
CREATE INDEX post_created ON post (brand_id, deleted_at, created_at, id) WHERE kind = 'post';
CREATE INDEX delivery_calendar ON delivery (brand_id, due_at, id) WHERE kind = 'post';
CREATE INDEX delivery_out ON delivery (brand_id, published_at, id) WHERE published_at > 0 AND kind = 'post';

-- One human as one brand knows them.
CREATE TABLE person (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,                    -- as they write it, or their handle
	about      TEXT NOT NULL DEFAULT '',         -- the team's own words on them
	avatar_url TEXT NOT NULL DEFAULT '',
	member_at  BIGINT NOT NULL DEFAULT 0,        -- since when they have an account in the community
	messages   BIGINT NOT NULL DEFAULT 0,        -- what they wrote to the brand
	first_at   BIGINT NOT NULL,                  -- their first message
	last_at    BIGINT NOT NULL,                  -- their last
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX person_brand ON person (brand_id, id);
CREATE INDEX person_recent ON person (brand_id, last_at, id);
CREATE INDEX person_busiest ON person (brand_id, messages, id);
CREATE INDEX person_silent ON person (last_at) WHERE member_at = 0;

-- A handle of theirs on a network.
CREATE TABLE identity (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	person_id  ctext NOT NULL REFERENCES person (id) ON DELETE CASCADE,
	network    ctext NOT NULL,
	remote_id  ctext NOT NULL,                   -- network.Author.ID
	handle     TEXT NOT NULL,
	name       TEXT NOT NULL DEFAULT '',
	avatar_url TEXT NOT NULL DEFAULT '',
	url        TEXT NOT NULL DEFAULT '',
	seen_at    BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	UNIQUE (brand_id, network, remote_id)
);
CREATE INDEX identity_person ON identity (brand_id, person_id);

-- A thread below one comment, or around one mention. Every message keeps its
-- author: a tree of comments is no chat.
CREATE TABLE conversation (
	id             ctext PRIMARY KEY,
	brand_id       ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	channel_id     ctext NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
	kind           ctext NOT NULL,               -- comment, mention
	root           ctext NOT NULL,               -- the network's id of the message it began with
	delivery_id    ctext NOT NULL DEFAULT '',    -- the brand's own post it stands below, where known here
	post_id        ctext NOT NULL DEFAULT '',
	person_id      ctext NOT NULL DEFAULT '',    -- who began it
	excerpt        TEXT NOT NULL DEFAULT '',     -- of the last message from outside
	state          ctext NOT NULL,               -- new, open, snoozed, done; quiet: only the brand spoke so far
	state_at       BIGINT NOT NULL,
	snoozed_until  BIGINT NOT NULL DEFAULT 0,
	assignee_id    ctext NOT NULL DEFAULT '',
	messages       BIGINT NOT NULL DEFAULT 0,
	last_at        BIGINT NOT NULL,              -- of the last message, either way
	last_in_at     BIGINT NOT NULL DEFAULT 0,
	last_out_at    BIGINT NOT NULL DEFAULT 0,
	waiting_since  BIGINT NOT NULL DEFAULT 0,    -- the first message since the last answer; 0: nobody waits
	revision       BIGINT NOT NULL DEFAULT 1,    -- grows with every change the team makes
	created_at     BIGINT NOT NULL,
	UNIQUE (channel_id, root)
);
CREATE UNIQUE INDEX conversation_brand ON conversation (brand_id, id);
CREATE INDEX conversation_state ON conversation (brand_id, state, last_at, id);
CREATE INDEX conversation_assignee ON conversation (brand_id, assignee_id, state, last_at, id, channel_id);
CREATE INDEX conversation_channel ON conversation (brand_id, channel_id, state, last_at, id);
CREATE INDEX conversation_waiting ON conversation (brand_id, waiting_since, id, state, channel_id) WHERE waiting_since > 0;
CREATE INDEX conversation_snoozed ON conversation (snoozed_until) WHERE state = 'snoozed';
CREATE INDEX conversation_post ON conversation (brand_id, post_id, last_at, id) WHERE post_id <> '';

CREATE TABLE message (
	id              ctext PRIMARY KEY,
	brand_id        ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	channel_id      ctext NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
	conversation_id ctext NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
	direction       ctext NOT NULL,              -- in, out
	remote_id       ctext NOT NULL DEFAULT '',   -- the network's id; empty until a reply is out
	parent_id       ctext NOT NULL DEFAULT '',   -- the network's id of what it answers
	ref             TEXT NOT NULL DEFAULT '',    -- JSON of network.Ref
	person_id       ctext NOT NULL DEFAULT '',   -- who wrote it, from outside
	identity_id     ctext NOT NULL DEFAULT '',
	account_id      ctext NOT NULL DEFAULT '',   -- who of the team wrote it; empty: with another program
	sent            BOOLEAN NOT NULL DEFAULT TRUE, -- false while a reply written here is not out
	post_id         ctext NOT NULL DEFAULT '',   -- of a reply written here
	delivery_id     ctext NOT NULL DEFAULT '',
	text            TEXT NOT NULL,
	warning         TEXT NOT NULL DEFAULT '',
	language        ctext NOT NULL DEFAULT '',
	media           TEXT NOT NULL DEFAULT '',    -- JSON list of network.Attachment
	url             TEXT NOT NULL DEFAULT '',
	visibility      ctext NOT NULL DEFAULT '',
	at              BIGINT NOT NULL,
	edited_at       BIGINT NOT NULL DEFAULT 0,   -- at the network
	removed_at      BIGINT NOT NULL DEFAULT 0,   -- seen to be gone from the network; its words are gone here too
	checked_at      BIGINT NOT NULL,             -- last seen as it is
	created_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX message_remote ON message (channel_id, remote_id) WHERE remote_id <> '';
CREATE INDEX message_below ON message (channel_id, parent_id) WHERE parent_id <> '';
CREATE INDEX message_thread ON message (conversation_id, at, id);
CREATE INDEX message_person ON message (brand_id, person_id, at, id) WHERE person_id <> '';
CREATE INDEX message_check ON message (channel_id, checked_at) WHERE removed_at = 0 AND remote_id <> '';
CREATE INDEX message_delivery ON message (brand_id, delivery_id) WHERE delivery_id <> '';

-- How long people waited: one row for each open period of a conversation.
CREATE TABLE period (
	conversation_id ctext NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
	opened_at       BIGINT NOT NULL,             -- the first message from outside of the period
	brand_id        ctext NOT NULL,
	channel_id      ctext NOT NULL,
	answered_at     BIGINT NOT NULL DEFAULT 0,   -- the first public answer, by whomever of the team
	answered_by     ctext NOT NULL DEFAULT '',   -- account; empty: with another program
	closed_at       BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (conversation_id, opened_at)
);
CREATE INDEX period_brand ON period (brand_id, opened_at);
CREATE INDEX period_channel ON period (brand_id, channel_id, opened_at);

-- What the team says to itself about a conversation or a person.
CREATE TABLE note (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	subject    ctext NOT NULL,                   -- id of a conversation or a person
	account_id ctext NOT NULL,
	text       TEXT NOT NULL,
	mentions   TEXT NOT NULL DEFAULT '',         -- JSON list of account ids
	at         BIGINT NOT NULL
);
CREATE INDEX note_subject ON note (brand_id, subject, at, id);

-- Whom the notes of a conversation name, for the list of each.
CREATE TABLE note_mention (
	account_id      ctext NOT NULL,
	conversation_id ctext NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
	brand_id        ctext NOT NULL,
	at              BIGINT NOT NULL,             -- the last time
	PRIMARY KEY (account_id, conversation_id)
);
CREATE INDEX note_mention_of ON note_mention (conversation_id);

CREATE TABLE label (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	name_key   ctext NOT NULL,                   -- folded, so that one name is one label
	hue        BIGINT NOT NULL DEFAULT 0,        -- degrees
	created_at BIGINT NOT NULL,
	UNIQUE (brand_id, name_key)
);
CREATE TABLE conversation_label (
	label_id        ctext NOT NULL REFERENCES label (id) ON DELETE CASCADE,
	conversation_id ctext NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
	brand_id        ctext NOT NULL,
	last_at         BIGINT NOT NULL,             -- as the conversation's, so that a label's list is a page
	PRIMARY KEY (conversation_id, label_id)
);
CREATE INDEX conversation_label_list ON conversation_label (brand_id, label_id, last_at, conversation_id);

-- What happened in a conversation besides messages and notes.
CREATE TABLE conversation_event (
	id              ctext PRIMARY KEY,
	brand_id        ctext NOT NULL,
	conversation_id ctext NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
	at              BIGINT NOT NULL,
	what            ctext NOT NULL,              -- opened, put_back, snoozed, woke, done, reopened, assigned, labelled, unlabelled, joined
	account_id      ctext NOT NULL DEFAULT '',   -- empty: Rapport itself
	detail          TEXT NOT NULL DEFAULT ''
);
CREATE INDEX conversation_event_story ON conversation_event (conversation_id, at, id);

-- Who has a conversation open, and who is writing in it. Rows live for a
-- minute.
CREATE TABLE presence (
	conversation_id ctext NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
	account_id      ctext NOT NULL,
	brand_id        ctext NOT NULL,
	seen_at         BIGINT NOT NULL,
	typing_at       BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (conversation_id, account_id)
);
CREATE INDEX presence_age ON presence (seen_at);

-- How far a channel was read, feed by feed, and when it is read next.
CREATE TABLE feed (
	channel_id  ctext NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
	name        ctext NOT NULL,                  -- hear, history, recheck
	brand_id    ctext NOT NULL,
	cursor      TEXT NOT NULL DEFAULT '',
	next_at     BIGINT NOT NULL,
	lease_until BIGINT NOT NULL DEFAULT 0,
	node        ctext NOT NULL DEFAULT '',
	read_at     BIGINT NOT NULL DEFAULT 0,       -- the last time it worked
	tries       BIGINT NOT NULL DEFAULT 0,       -- failures since
	error       TEXT NOT NULL DEFAULT '',        -- the last one's, for a person
	PRIMARY KEY (channel_id, name)
);
CREATE INDEX feed_due ON feed (next_at);

-- What is brought over when a channel is connected.
CREATE TABLE channel_import (
	channel_id    ctext PRIMARY KEY REFERENCES channel (id) ON DELETE CASCADE,
	brand_id      ctext NOT NULL,
	state         ctext NOT NULL,                -- running, done, failed
	stage         ctext NOT NULL,                -- posts, conversations
	cursor        TEXT NOT NULL DEFAULT '',
	posts         BIGINT NOT NULL DEFAULT 0,
	posts_most    BIGINT NOT NULL DEFAULT 0,     -- how many there are to bring; 0: not known
	threads       BIGINT NOT NULL DEFAULT 0,
	threads_most  BIGINT NOT NULL DEFAULT 0,
	messages      BIGINT NOT NULL DEFAULT 0,
	error         TEXT NOT NULL DEFAULT '',
	started_at    BIGINT NOT NULL,
	updated_at    BIGINT NOT NULL,
	finished_at   BIGINT NOT NULL DEFAULT 0
);

-- What went on between the program and the channel's network, for people.
CREATE TABLE channel_log (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL,
	channel_id ctext NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
	at         BIGINT NOT NULL,
	tone       ctext NOT NULL,                   -- info, warn, bad
	text       TEXT NOT NULL,
	times      BIGINT NOT NULL DEFAULT 1,        -- said so often in a row
	last_at    BIGINT NOT NULL
);
CREATE INDEX channel_log_list ON channel_log (brand_id, channel_id, last_at, id);
CREATE INDEX channel_log_age ON channel_log (last_at);

-- A sign-in at a network's own page that is under way.
CREATE TABLE sign_in (
	state_hash ctext PRIMARY KEY,                -- sha256 of the state in the redirect
	session_id ctext NOT NULL,                   -- only this browser session may end it
	account_id ctext NOT NULL,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	network    ctext NOT NULL,
	server     TEXT NOT NULL,
	again      ctext NOT NULL DEFAULT '',        -- the channel that is connected anew
	secret     TEXT NOT NULL,                    -- sealed network.Authorization
	created_at BIGINT NOT NULL
);
CREATE INDEX sign_in_age ON sign_in (created_at);

-- This program's registration at a server, one for each redirect address.
CREATE TABLE network_app (
	network    ctext NOT NULL,
	server     ctext NOT NULL,
	redirect   ctext NOT NULL,
	secret     TEXT NOT NULL,                    -- sealed
	created_at BIGINT NOT NULL,
	PRIMARY KEY (network, server, redirect)
);
