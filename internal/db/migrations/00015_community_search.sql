-- +goose Up
-- What people say in the community is found as well. Of a reply the
-- conversation_id is its topic.
ALTER TABLE search_doc ADD COLUMN space_id ctext NOT NULL DEFAULT '';          -- it is in
ALTER TABLE search_doc ADD COLUMN author_id ctext NOT NULL DEFAULT '';         -- the member who wrote it
ALTER TABLE search_doc ADD COLUMN opening BOOLEAN NOT NULL DEFAULT FALSE;      -- it begins its topic
ALTER TABLE search_doc ADD COLUMN solved BOOLEAN NOT NULL DEFAULT FALSE;       -- its topic has an accepted answer

-- The spaces that replies are in or have been in, so that a search can leave
-- out the few that a reader may not see instead of naming all the others. tag
-- is how the brand stands in the index; two brands may share one.
CREATE TABLE search_space (
	tag      ctext NOT NULL,
	space_id ctext NOT NULL,
	brand_id ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	PRIMARY KEY (tag, space_id)
);
CREATE INDEX search_space_brand ON search_space (brand_id);

-- What was looked for in the community and not found.
CREATE TABLE search_missed (
	id       ctext PRIMARY KEY,
	brand_id ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	words    ctext NOT NULL,                   -- folded, with blanks between
	times    BIGINT NOT NULL,
	last_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX search_missed_words ON search_missed (brand_id, words);
CREATE INDEX search_missed_times ON search_missed (brand_id, times, id);
CREATE INDEX search_missed_last ON search_missed (brand_id, last_at, id);
