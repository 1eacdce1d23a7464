-- +goose Up
-- Approval: what must be approved before it goes out, and how each post came
-- through.

-- A brand without a row asks for no approval. Versions count the changes of a
-- rule: a post that was approved before something was asked for stays approved.
CREATE TABLE approval_rule (
	brand_id    ctext PRIMARY KEY REFERENCES brand (id) ON DELETE CASCADE,
	version     BIGINT NOT NULL,
	every_since BIGINT NOT NULL DEFAULT 0,       -- the version since which every channel asks for it; 0: not all do
	own         BOOLEAN NOT NULL DEFAULT FALSE,  -- one may approve what one wrote oneself
	remind_h    BIGINT NOT NULL DEFAULT 4,       -- hours before the planned time; 0 is never
	changed_at  BIGINT NOT NULL
);

-- The channels that ask for it where not every one does.
CREATE TABLE approval_channel (
	channel_id ctext PRIMARY KEY REFERENCES channel (id) ON DELETE CASCADE,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	since      BIGINT NOT NULL                   -- version of the rule
);
CREATE INDEX approval_channel_brand ON approval_channel (brand_id);

ALTER TABLE post ADD COLUMN editor_id ctext NOT NULL DEFAULT '';         -- who wrote the revision
ALTER TABLE post ADD COLUMN submitted_by ctext NOT NULL DEFAULT '';
ALTER TABLE post ADD COLUMN submitted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE post ADD COLUMN sent_back_at BIGINT NOT NULL DEFAULT 0;      -- 0 once it is submitted again
ALTER TABLE post ADD COLUMN approval ctext NOT NULL DEFAULT '';          -- of the approved revision: open (nobody had to), given
ALTER TABLE post ADD COLUMN approved_by ctext NOT NULL DEFAULT '';
ALTER TABLE post ADD COLUMN approved_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE post ADD COLUMN approval_rule BIGINT NOT NULL DEFAULT 0;     -- the version it was approved under
ALTER TABLE post ADD COLUMN reminded_at BIGINT NOT NULL DEFAULT 0;       -- since it was submitted or moved
ALTER TABLE post ADD COLUMN passed_at BIGINT NOT NULL DEFAULT 0;         -- its time passed and people were told
CREATE INDEX post_review ON post (planned_at) WHERE state = 'in_review' AND planned_at > 0;

-- The way of a post through review, step by step.
CREATE TABLE review (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL,
	post_id    ctext NOT NULL REFERENCES post (id) ON DELETE CASCADE,
	at         BIGINT NOT NULL,
	what       ctext NOT NULL,                   -- submitted, approved, sent_back, withdrawn, edited, suggested, taken, declined, recalled, passed
	account_id ctext NOT NULL DEFAULT '',        -- empty: Rapport itself
	revision   BIGINT NOT NULL,
	text       TEXT NOT NULL DEFAULT '',         -- what the person said
	content    TEXT NOT NULL DEFAULT ''          -- JSON of the texts that were approved
);
CREATE INDEX review_post ON review (brand_id, post_id, id);

-- Another wording that somebody proposes.
CREATE TABLE suggestion (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL,
	post_id    ctext NOT NULL REFERENCES post (id) ON DELETE CASCADE,
	account_id ctext NOT NULL,
	at         BIGINT NOT NULL,
	revision   BIGINT NOT NULL,                  -- of the post it was written for
	texts      TEXT NOT NULL,                    -- JSON: the texts of each version, the common one under ""
	was        TEXT NOT NULL,                    -- JSON: the same as they were
	note       TEXT NOT NULL DEFAULT '',
	approver   BOOLEAN NOT NULL,                 -- they may approve the post
	state      ctext NOT NULL,                   -- open, taken, declined
	decided_by ctext NOT NULL DEFAULT '',
	decided_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX suggestion_post ON suggestion (brand_id, post_id, id);
CREATE INDEX post_sent_back ON post (brand_id, author_id, sent_back_at, id) WHERE sent_back_at > 0 AND deleted_at = 0;
