-- +goose Up
-- One person over both halves: what members prove to be theirs, and what the
-- team says is one.

-- Two records of one human that were made one. The other's id is free
-- meanwhile, and is theirs again when it is taken apart.
CREATE TABLE merge (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	person_id  ctext NOT NULL,                   -- who stayed
	other_id   ctext NOT NULL,                   -- whose record went into theirs
	origin     ctext NOT NULL,                   -- team, claim
	reason     TEXT NOT NULL DEFAULT '',         -- of the team, in their words
	account_id ctext NOT NULL DEFAULT '',        -- who of the team; '' a member's own proof
	moved      TEXT NOT NULL DEFAULT '',         -- JSON of what both records were; '' once they are apart
	at         BIGINT NOT NULL,
	undone_at  BIGINT NOT NULL DEFAULT 0,
	undone_by  ctext NOT NULL DEFAULT '',        -- account; '' the member themselves
	undone_why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX merge_person ON merge (brand_id, person_id, at, id);
CREATE UNIQUE INDEX merge_other ON merge (brand_id, other_id) WHERE undone_at = 0;
CREATE INDEX merge_others ON merge (brand_id, other_id, at, id);

-- The accounts that came with the other record.
CREATE TABLE merge_identity (
	merge_id    ctext NOT NULL REFERENCES merge (id) ON DELETE CASCADE,
	identity_id ctext NOT NULL,
	brand_id    ctext NOT NULL,
	PRIMARY KEY (merge_id, identity_id)
);
CREATE INDEX merge_identity_of ON merge_identity (brand_id, identity_id);

-- What a member says is theirs on a network, until and once they prove it.
CREATE TABLE claim (
	id          ctext PRIMARY KEY,
	brand_id    ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	member_id   ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	network     ctext NOT NULL,
	handle      TEXT NOT NULL,                   -- as they typed it; as the network writes it once it is proven
	code        ctext NOT NULL,                  -- what they show there; no secret
	state       ctext NOT NULL,                  -- open, proven, withdrawn, undone
	state_at    BIGINT NOT NULL,
	identity_id ctext NOT NULL DEFAULT '',       -- once it is proven
	remote_id   ctext NOT NULL DEFAULT '',       -- the network's id, once it is proven
	merge_id    ctext NOT NULL DEFAULT '',       -- what it made one; '' where nothing was to be joined
	way         ctext NOT NULL DEFAULT '',       -- link, code: how it was shown
	url         TEXT NOT NULL DEFAULT '',        -- the profile where it was seen
	shown       BOOLEAN NOT NULL DEFAULT FALSE,  -- on the member's page, for everybody
	expires_at  BIGINT NOT NULL,                 -- of the code
	created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX claim_proven ON claim (brand_id, network, remote_id) WHERE state = 'proven';
CREATE INDEX claim_member ON claim (brand_id, member_id, created_at, id);
CREATE INDEX claim_of ON claim (member_id);
CREATE INDEX claim_identity ON claim (brand_id, identity_id) WHERE identity_id <> '';
