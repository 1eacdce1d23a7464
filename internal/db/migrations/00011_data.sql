-- +goose Up
-- Everything of a brand, taken along as one file.
CREATE TABLE brand_export (
	id          ctext PRIMARY KEY,
	brand_id    ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	account_id  ctext NOT NULL,                 -- who asked for it
	state       ctext NOT NULL,                 -- waiting, running, done, failed, gone
	done        BIGINT NOT NULL DEFAULT 0,      -- things written so far
	most        BIGINT NOT NULL DEFAULT 0,      -- things there are to write
	bytes       BIGINT NOT NULL DEFAULT 0,
	blob        TEXT NOT NULL DEFAULT '',       -- key of the file
	error       TEXT NOT NULL DEFAULT '',
	created_at  BIGINT NOT NULL,
	updated_at  BIGINT NOT NULL,
	finished_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX brand_export_list ON brand_export (brand_id, created_at, id);
CREATE UNIQUE INDEX brand_export_one ON brand_export (brand_id) WHERE state IN ('waiting', 'running');
CREATE INDEX brand_export_age ON brand_export (finished_at) WHERE state = 'done';

-- Such a file, brought in. It belongs to no brand until it is all there.
CREATE TABLE brand_import (
	id          ctext PRIMARY KEY,
	account_id  ctext NOT NULL DEFAULT '',      -- who will own the brand; empty: at the console
	brand       ctext NOT NULL DEFAULT '',      -- id of the brand it makes
	name        TEXT NOT NULL DEFAULT '',       -- of the brand
	state       ctext NOT NULL,                 -- waiting, running, done, failed
	done        BIGINT NOT NULL DEFAULT 0,
	most        BIGINT NOT NULL DEFAULT 0,
	bytes       BIGINT NOT NULL DEFAULT 0,
	blob        TEXT NOT NULL DEFAULT '',
	error       TEXT NOT NULL DEFAULT '',
	created_at  BIGINT NOT NULL,
	updated_at  BIGINT NOT NULL,
	finished_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX brand_import_of ON brand_import (account_id, created_at, id);
CREATE INDEX brand_import_open ON brand_import (updated_at) WHERE state IN ('waiting', 'running');

-- A brand that is to be erased: when, and who asked for it.
ALTER TABLE brand ADD COLUMN erase_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE brand ADD COLUMN erase_by ctext NOT NULL DEFAULT '';
-- The picture it is known by, a square; empty where it has none.
ALTER TABLE brand ADD COLUMN logo TEXT NOT NULL DEFAULT '';
-- For how many days what the log of activity and of channels holds is kept.
ALTER TABLE brand ADD COLUMN activity_days BIGINT NOT NULL DEFAULT 0;    -- 0: for ever
ALTER TABLE brand ADD COLUMN letter_days BIGINT NOT NULL DEFAULT 365;

-- Which part of the work an act belongs to: the log is read by it.
ALTER TABLE audit ADD COLUMN area ctext NOT NULL DEFAULT '';
UPDATE audit SET area = CASE
	WHEN act LIKE 'post.%' OR act LIKE 'media.%' OR act LIKE 'delivery.%' THEN 'content'
	WHEN act LIKE 'conversation.%' OR act LIKE 'label.%' THEN 'inbox'
	WHEN act LIKE 'person.%' THEN 'people'
	WHEN act LIKE 'channel.%' THEN 'channels'
	WHEN act LIKE 'account.%' OR act LIKE 'grant.%' OR act LIKE 'session.%' THEN 'team'
	WHEN act LIKE 'hold.%' THEN 'holds'
	ELSE 'settings' END;

-- Each filter of the log is a list of its own.
CREATE INDEX audit_account ON audit (brand_id, account_id, at, id);
CREATE INDEX audit_area ON audit (brand_id, area, at, id);

-- A post and a person take along what hangs on them, found by these.
CREATE INDEX delivery_of ON delivery (post_id);
CREATE INDEX identity_of ON identity (person_id);
