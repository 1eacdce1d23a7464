-- +goose Up
-- Times are milliseconds since 1970; 0 is "never". Lists and objects that are
-- only ever read whole are JSON text.

CREATE TABLE account (
	id            ctext PRIMARY KEY,
	email         ctext NOT NULL UNIQUE,       -- lower case
	name          TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	theme         TEXT NOT NULL DEFAULT 'system',
	created_at    BIGINT NOT NULL,
	disabled_at   BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE session (
	id         ctext PRIMARY KEY,               -- public id, for the list and for revoking
	token_hash ctext NOT NULL UNIQUE,           -- sha256 of the cookie
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	address    TEXT NOT NULL DEFAULT '',
	agent      TEXT NOT NULL DEFAULT ''
);
CREATE INDEX session_account ON session (account_id, seen_at);
CREATE INDEX session_expiry ON session (expires_at);

-- Sign-in attempts: full_at moves ahead with each, and runs empty with time.
CREATE TABLE attempt (
	scope   ctext PRIMARY KEY,
	full_at BIGINT NOT NULL
);
CREATE INDEX attempt_age ON attempt (full_at);

CREATE TABLE brand (
	id          ctext PRIMARY KEY,
	slug        ctext NOT NULL UNIQUE,
	name        TEXT NOT NULL,
	color       TEXT NOT NULL,                  -- #rrggbb
	zone        TEXT NOT NULL,                  -- IANA
	language    TEXT NOT NULL DEFAULT 'en',
	demo        BOOLEAN NOT NULL DEFAULT FALSE, -- accepts only networks that are demos
	tolerance_s BIGINT NOT NULL DEFAULT 3600,   -- a delivery overdue by more is missed
	created_at  BIGINT NOT NULL,
	-- The gate: every commit re-reads it under a shared lock of this row, and
	-- a hold takes it exclusively.
	held        BOOLEAN NOT NULL DEFAULT FALSE,
	hold_id     ctext NOT NULL DEFAULT ''
);

CREATE TABLE hold (
	id          ctext PRIMARY KEY,
	brand_id    ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	kind        TEXT NOT NULL,                  -- person, restore
	reason      TEXT NOT NULL,
	by_account  ctext NOT NULL DEFAULT '',
	at          BIGINT NOT NULL,
	released_by ctext NOT NULL DEFAULT '',
	released_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX hold_brand ON hold (brand_id, at, id);

CREATE TABLE access_grant (
	id         ctext PRIMARY KEY,
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	role       TEXT NOT NULL,
	channels   TEXT NOT NULL DEFAULT '',        -- JSON list of channel ids; empty is all
	ends_at    BIGINT NOT NULL DEFAULT 0,
	created_at BIGINT NOT NULL,
	UNIQUE (account_id, brand_id)
);
CREATE INDEX access_grant_brand ON access_grant (brand_id, role);

CREATE TABLE api_token (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	token_hash ctext NOT NULL UNIQUE,
	scopes     TEXT NOT NULL,                   -- JSON list
	created_at BIGINT NOT NULL,
	used_at    BIGINT NOT NULL DEFAULT 0,
	expires_at BIGINT NOT NULL DEFAULT 0,
	revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX api_token_brand ON api_token (brand_id, created_at);

CREATE TABLE idempotency (
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	account_id ctext NOT NULL,
	key        ctext NOT NULL,
	request    TEXT NOT NULL,                   -- sha256 of method, path and body
	status     BIGINT NOT NULL DEFAULT 0,       -- 0 while the first request runs
	body       TEXT NOT NULL DEFAULT '',        -- sealed: an answer may hold a new secret
	created_at BIGINT NOT NULL,
	PRIMARY KEY (brand_id, account_id, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE channel (
	id           ctext PRIMARY KEY,
	brand_id     ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	network      ctext NOT NULL,
	server       TEXT NOT NULL DEFAULT '',
	remote_id    ctext NOT NULL,
	handle       TEXT NOT NULL,
	name         TEXT NOT NULL,
	avatar_url   TEXT NOT NULL DEFAULT '',
	url          TEXT NOT NULL DEFAULT '',
	credential   TEXT NOT NULL,                 -- sealed
	limits       TEXT NOT NULL,                 -- JSON of network.Limits
	state        TEXT NOT NULL,                 -- connected, attention, removed
	state_reason TEXT NOT NULL DEFAULT '',
	state_at     BIGINT NOT NULL,
	expires_at   BIGINT NOT NULL DEFAULT 0,     -- of the credential
	ready_at     BIGINT NOT NULL DEFAULT 0,     -- the network asked to wait until then
	worked_at    BIGINT NOT NULL DEFAULT 0,     -- last seen working
	renew_until  BIGINT NOT NULL DEFAULT 0,     -- a node renews the credential until then
	created_at   BIGINT NOT NULL,
	UNIQUE (brand_id, network, server, remote_id)
);
CREATE INDEX channel_brand ON channel (brand_id, state, created_at);
CREATE INDEX channel_expiry ON channel (expires_at) WHERE expires_at > 0 AND state = 'connected';

-- What a network asked for all accounts of one app or server.
CREATE TABLE rate_limit (
	scope    ctext PRIMARY KEY,                 -- network + server
	ready_at BIGINT NOT NULL
);

CREATE TABLE media (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	mime       TEXT NOT NULL,
	bytes      BIGINT NOT NULL,
	width      BIGINT NOT NULL,
	height     BIGINT NOT NULL,
	alt        TEXT NOT NULL DEFAULT '',
	color      TEXT NOT NULL DEFAULT '',        -- shown until the picture is there
	sha256     ctext NOT NULL,
	blob       TEXT NOT NULL,                   -- key of the picture
	thumb      TEXT NOT NULL,                   -- key of the small one
	crop       TEXT NOT NULL DEFAULT '',        -- JSON, as last applied to the original
	original   TEXT NOT NULL DEFAULT '',        -- key of the picture before crops
	search     TEXT NOT NULL DEFAULT '',        -- name and description in lower case
	created_by ctext NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX media_brand ON media (brand_id, deleted_at, created_at, id);

CREATE TABLE post (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	state      TEXT NOT NULL,                   -- draft, in_review, approved
	body       TEXT NOT NULL,                   -- JSON of post.Body
	excerpt    TEXT NOT NULL,                   -- first line of the first part, for lists
	search     TEXT NOT NULL DEFAULT '',        -- every text of it in lower case
	revision   BIGINT NOT NULL,                 -- grows with every change of what is sent
	approved   BIGINT NOT NULL DEFAULT 0,       -- the revision that was approved
	planned_at BIGINT NOT NULL DEFAULT 0,       -- a draft's wished time
	author_id  ctext NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL DEFAULT 0
);
-- Without statistics SQLite takes any index on the brand for one row in a
-- hundred; this one lets it find posts by id whatever the brand's size.
CREATE UNIQUE INDEX post_brand ON post (brand_id, id);
CREATE INDEX post_recent ON post (brand_id, deleted_at, updated_at, id);
CREATE INDEX post_state ON post (brand_id, deleted_at, state, updated_at, id);
CREATE INDEX post_created ON post (brand_id, deleted_at, created_at, id);
CREATE INDEX post_planned ON post (brand_id, planned_at) WHERE planned_at > 0 AND deleted_at = 0;

CREATE TABLE variant (
	post_id    ctext NOT NULL REFERENCES post (id) ON DELETE CASCADE,
	channel_id ctext NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
	brand_id   ctext NOT NULL,
	body       TEXT NOT NULL DEFAULT '',        -- JSON of post.Body; empty: as the post
	options    TEXT NOT NULL DEFAULT '',        -- JSON object of strings
	PRIMARY KEY (post_id, channel_id)
);
CREATE INDEX variant_channel ON variant (channel_id);

CREATE TABLE post_media (
	media_id ctext NOT NULL REFERENCES media (id),
	post_id  ctext NOT NULL REFERENCES post (id) ON DELETE CASCADE,
	brand_id ctext NOT NULL,
	PRIMARY KEY (media_id, post_id)
);
CREATE INDEX post_media_post ON post_media (post_id);

CREATE TABLE delivery (
	id           ctext PRIMARY KEY,
	brand_id     ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	post_id      ctext NOT NULL REFERENCES post (id) ON DELETE CASCADE,
	channel_id   ctext NOT NULL REFERENCES channel (id),
	state        TEXT NOT NULL,
	due_at       BIGINT NOT NULL,               -- when it should go out
	run_at       BIGINT NOT NULL,               -- when it is next looked at: due_at, or later after a wait
	revision     BIGINT NOT NULL,               -- of the post, as scheduled
	attempt      BIGINT NOT NULL DEFAULT 0,     -- fences: grows with every claim
	tries        BIGINT NOT NULL DEFAULT 0,     -- of the same step, for the backoff
	ahead        BIGINT NOT NULL DEFAULT 0,     -- the revision whose uploads were begun ahead of time
	node         ctext NOT NULL DEFAULT '',
	lease_until  BIGINT NOT NULL DEFAULT 0,
	reason       TEXT NOT NULL DEFAULT '',      -- why it is in this state, for a person
	reason_code  TEXT NOT NULL DEFAULT '',
	remote_id    TEXT NOT NULL DEFAULT '',      -- of the first part
	remote_url   TEXT NOT NULL DEFAULT '',
	published_at BIGINT NOT NULL DEFAULT 0,
	author_id    ctext NOT NULL DEFAULT '',     -- who scheduled it
	created_at   BIGINT NOT NULL,
	updated_at   BIGINT NOT NULL
);
CREATE INDEX delivery_due ON delivery (run_at, id) WHERE state = 'scheduled';
CREATE INDEX delivery_lane ON delivery (channel_id, run_at, id) WHERE state = 'scheduled';
CREATE INDEX delivery_busy ON delivery (channel_id) WHERE state IN ('claimed', 'preparing', 'sending');
CREATE INDEX delivery_lease ON delivery (lease_until) WHERE state IN ('claimed', 'preparing', 'sending', 'pending');
CREATE INDEX delivery_calendar ON delivery (brand_id, due_at, id);
CREATE INDEX delivery_attention ON delivery (brand_id, updated_at, id) WHERE state IN ('rejected', 'unknown', 'missed');
CREATE INDEX delivery_out ON delivery (brand_id, published_at, id) WHERE published_at > 0;
CREATE INDEX delivery_post ON delivery (brand_id, post_id, created_at);
CREATE INDEX delivery_standing ON delivery (brand_id, state, post_id) WHERE state NOT IN ('published', 'cancelled');
CREATE INDEX delivery_channel ON delivery (channel_id, due_at);

CREATE TABLE part (
	delivery_id ctext NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
	ord         BIGINT NOT NULL,
	brand_id    ctext NOT NULL,
	kind        TEXT NOT NULL,                  -- post, comment
	state       TEXT NOT NULL,                  -- waiting, prepared, sending, pending, published, rejected, unknown, removed
	text        TEXT NOT NULL,                  -- frozen with the record
	media       TEXT NOT NULL DEFAULT '',       -- JSON list of media ids
	prepared    TEXT NOT NULL DEFAULT '',       -- JSON of network.Prepared
	ref         TEXT NOT NULL DEFAULT '',       -- JSON of network.Ref
	remote_id   ctext NOT NULL DEFAULT '',      -- the network's id, once it is out
	url         TEXT NOT NULL DEFAULT '',
	at          BIGINT NOT NULL DEFAULT 0,      -- when it was out
	PRIMARY KEY (delivery_id, ord)
);

CREATE INDEX part_remote ON part (brand_id, remote_id) WHERE remote_id <> '';

-- The delivery's story: one row for each thing that happened to it.
CREATE TABLE delivery_event (
	id          ctext PRIMARY KEY,
	brand_id    ctext NOT NULL,
	delivery_id ctext NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
	at          BIGINT NOT NULL,
	what        TEXT NOT NULL,                  -- scheduled, claimed, sending, …, held, edited
	attempt     BIGINT NOT NULL DEFAULT 0,
	part        BIGINT NOT NULL DEFAULT -1,
	node        ctext NOT NULL DEFAULT '',
	by_account  ctext NOT NULL DEFAULT '',
	status      BIGINT NOT NULL DEFAULT 0,      -- HTTP status of the network's answer
	took_ms     BIGINT NOT NULL DEFAULT 0,
	text        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX delivery_event_story ON delivery_event (delivery_id, id);

-- Work for notifications and live updates; deleted once consumed.
CREATE TABLE outbox (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL,
	kind       TEXT NOT NULL,
	subject    ctext NOT NULL,
	data       TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	ready_at   BIGINT NOT NULL DEFAULT 0,       -- put off until then, after a consumer failed
	tries      BIGINT NOT NULL DEFAULT 0,
	error      TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outbox_ready ON outbox (ready_at, id);

CREATE TABLE activity (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL,
	kind       TEXT NOT NULL,
	subject    ctext NOT NULL,
	actor      ctext NOT NULL DEFAULT '',
	value      BIGINT NOT NULL DEFAULT 0,
	at         BIGINT NOT NULL
);
CREATE INDEX activity_brand ON activity (brand_id, at, id);
CREATE INDEX activity_subject ON activity (brand_id, subject, at);

CREATE TABLE audit (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL DEFAULT '',
	account_id ctext NOT NULL DEFAULT '',
	act        TEXT NOT NULL,
	subject    ctext NOT NULL DEFAULT '',
	detail     TEXT NOT NULL DEFAULT '',
	address    TEXT NOT NULL DEFAULT '',
	at         BIGINT NOT NULL
);
CREATE INDEX audit_brand ON audit (brand_id, at, id);
CREATE INDEX audit_subject ON audit (brand_id, subject, at, id);

CREATE TABLE notification (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	kind       TEXT NOT NULL,
	subject    ctext NOT NULL,
	text       TEXT NOT NULL,
	href       TEXT NOT NULL,
	source     ctext NOT NULL,                  -- the outbox row it comes from: never twice
	created_at BIGINT NOT NULL,
	read_at    BIGINT NOT NULL DEFAULT 0,
	UNIQUE (account_id, source)
);
CREATE INDEX notification_list ON notification (brand_id, account_id, created_at, id);
CREATE INDEX notification_unread ON notification (brand_id, account_id) WHERE read_at = 0;

CREATE TABLE letter (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL DEFAULT '',
	account_id ctext NOT NULL DEFAULT '',
	address    TEXT NOT NULL,
	subject    TEXT NOT NULL,
	text       TEXT NOT NULL,
	html       TEXT NOT NULL DEFAULT '',
	state      TEXT NOT NULL,                   -- kept, queued, sent, failed
	error      TEXT NOT NULL DEFAULT '',
	source     ctext NOT NULL,                  -- what caused it: never twice for one address
	created_at BIGINT NOT NULL,
	sent_at    BIGINT NOT NULL DEFAULT 0,
	UNIQUE (address, source)
);
CREATE INDEX letter_brand ON letter (brand_id, created_at, id);

-- Counters as a network told them, kept as history. No row is "not known".
CREATE TABLE metric (
	brand_id   ctext NOT NULL,
	subject    ctext NOT NULL,                  -- delivery or channel
	name       ctext NOT NULL,                  -- likes, shares, comments, views, followers
	at         BIGINT NOT NULL,
	value      BIGINT NOT NULL,
	PRIMARY KEY (brand_id, subject, name, at)
);
CREATE INDEX metric_time ON metric (brand_id, name, at);

-- How far work that goes over time in steps has come.
CREATE TABLE progress (
	name ctext PRIMARY KEY,
	at   BIGINT NOT NULL
);
