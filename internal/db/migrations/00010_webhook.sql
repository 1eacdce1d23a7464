-- +goose Up
-- Where a brand's events are sent to.
CREATE TABLE webhook (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	url        TEXT NOT NULL,
	about      TEXT NOT NULL DEFAULT '',       -- the team's words on it
	events     TEXT NOT NULL,                  -- JSON list of types
	state      ctext NOT NULL,                 -- active, paused, disabled
	reason     TEXT NOT NULL DEFAULT '',       -- why it was disabled, for a person
	secret     TEXT NOT NULL,                  -- sealed
	old_secret TEXT NOT NULL DEFAULT '',       -- sealed; signs too until old_until
	old_until  BIGINT NOT NULL DEFAULT 0,
	failing_at BIGINT NOT NULL DEFAULT 0,      -- since when every call failed; 0: the last one arrived
	arrived_at BIGINT NOT NULL DEFAULT 0,      -- the last call that arrived
	account_id ctext NOT NULL DEFAULT '',      -- who made it
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX webhook_brand ON webhook (brand_id, created_at, id);

-- One event for one of them.
CREATE TABLE webhook_call (
	id          ctext PRIMARY KEY,             -- the same on every try: the receiver's webhook-id
	brand_id    ctext NOT NULL,
	webhook_id  ctext NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
	event_id    ctext NOT NULL,                -- of the event and what it is about, so that it is written once
	type        ctext NOT NULL,
	body        TEXT NOT NULL,
	state       ctext NOT NULL,                -- waiting, arrived, failed
	tries       BIGINT NOT NULL DEFAULT 0,
	next_at     BIGINT NOT NULL,               -- of the next try while it waits; a node that is at it puts it off
	status      BIGINT NOT NULL DEFAULT 0,     -- of the last answer; 0: there was none
	created_at  BIGINT NOT NULL,
	done_at     BIGINT NOT NULL DEFAULT 0,
	UNIQUE (webhook_id, event_id)
);
CREATE INDEX webhook_call_list ON webhook_call (webhook_id, created_at, id);
CREATE INDEX webhook_call_state ON webhook_call (webhook_id, state, created_at, id);
CREATE INDEX webhook_call_due ON webhook_call (next_at, id) WHERE state = 'waiting';
CREATE INDEX webhook_call_age ON webhook_call (created_at);

-- Each try of a call, for people.
CREATE TABLE webhook_try (
	id         ctext PRIMARY KEY,
	call_id    ctext NOT NULL REFERENCES webhook_call (id) ON DELETE CASCADE,
	at         BIGINT NOT NULL,
	took_ms    BIGINT NOT NULL,
	status     BIGINT NOT NULL DEFAULT 0,      -- 0: there was no answer
	answer     TEXT NOT NULL DEFAULT '',       -- its beginning
	error      TEXT NOT NULL DEFAULT ''        -- why it did not arrive, for a person
);
CREATE INDEX webhook_try_call ON webhook_try (call_id, at, id);

-- Certificates with their keys, and what the client that fetches them keeps.
CREATE TABLE certificate (
	name       ctext PRIMARY KEY,
	data       TEXT NOT NULL,                  -- sealed
	updated_at BIGINT NOT NULL
);

-- The processes that run, or ran lately.
CREATE TABLE node (
	name       ctext PRIMARY KEY,
	version    TEXT NOT NULL,
	started_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL
);

-- What went wrong with letters is a list of its own.
CREATE INDEX letter_state ON letter (brand_id, state, created_at, id);
