-- +goose Up
-- How people come to their accounts, and how they prove who they are.

ALTER TABLE account ADD COLUMN verified_at BIGINT NOT NULL DEFAULT 0; -- since when the address is known to be theirs
ALTER TABLE account ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;     -- the last request, to the nearest five minutes
ALTER TABLE session ADD COLUMN sure_at BIGINT NOT NULL DEFAULT 0;     -- when this browser last proved who sits there

-- A part of a letter that nobody but its reader may see, until it is sent.
ALTER TABLE letter ADD COLUMN veiled TEXT NOT NULL DEFAULT '';       -- sealed

-- A program on somebody's phone that shows codes.
CREATE TABLE second_factor (
	account_id   ctext PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
	secret       TEXT NOT NULL,                -- sealed
	confirmed_at BIGINT NOT NULL DEFAULT 0,    -- 0 while it is being set up
	used_step    BIGINT NOT NULL DEFAULT 0,    -- the time step of the last code; none works twice
	created_at   BIGINT NOT NULL
);
CREATE TABLE recovery_code (
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	code_hash  ctext NOT NULL,
	used_at    BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (account_id, code_hash)
);

-- A sign-in whose password was right and whose second factor is still asked.
CREATE TABLE half_sign_in (
	token_hash ctext PRIMARY KEY,
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	expires_at BIGINT NOT NULL
);
CREATE INDEX half_sign_in_age ON half_sign_in (expires_at);
CREATE INDEX half_sign_in_account ON half_sign_in (account_id);

-- Links in letters to an account: each works once.
CREATE TABLE proof (
	token_hash ctext PRIMARY KEY,
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	kind       ctext NOT NULL,                 -- address, password
	email      ctext NOT NULL,                 -- where it was sent
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX proof_account ON proof (account_id, kind);
CREATE INDEX proof_age ON proof (expires_at);

CREATE TABLE invitation (
	id          ctext PRIMARY KEY,
	brand_id    ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	email       ctext NOT NULL,                -- lower case
	role        TEXT NOT NULL,
	channels    TEXT NOT NULL DEFAULT '',      -- as in access_grant
	ends_at     BIGINT NOT NULL DEFAULT 0,     -- of the grant
	token_hash  ctext NOT NULL UNIQUE,         -- of the newest link alone
	mailed      BOOLEAN NOT NULL,              -- the link went to the address and nowhere else
	invited_by  ctext NOT NULL,
	created_at  BIGINT NOT NULL,
	sent_at     BIGINT NOT NULL,
	expires_at  BIGINT NOT NULL,
	accepted_at BIGINT NOT NULL DEFAULT 0,
	accepted_by ctext NOT NULL DEFAULT '',
	revoked_at  BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX invitation_open ON invitation (brand_id, email) WHERE accepted_at = 0 AND revoked_at = 0;
CREATE INDEX invitation_list ON invitation (brand_id, created_at, id) WHERE accepted_at = 0 AND revoked_at = 0;

-- What a brand asks of everybody in its team.
CREATE TABLE team_rule (
	brand_id      ctext PRIMARY KEY REFERENCES brand (id) ON DELETE CASCADE,
	second_factor BOOLEAN NOT NULL
);
