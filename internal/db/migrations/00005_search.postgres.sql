-- +goose Up
-- What may be found. seq is the moment a text is of, and a few bits that keep
-- the texts of one moment apart: from new to old is from high to low.
CREATE TABLE search_doc (
	seq             BIGINT PRIMARY KEY,
	brand_id        ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	kind            ctext NOT NULL,              -- message, note, post, person
	subject         ctext NOT NULL,              -- its id
	conversation_id ctext NOT NULL DEFAULT '',   -- it stands in
	channels        ctext NOT NULL DEFAULT '',   -- ids with blanks between
	person_id       ctext NOT NULL DEFAULT '',   -- who wrote it, from outside
	text            TEXT NOT NULL,               -- composed (NFC), as snippets show it
	words           tsvector NOT NULL            -- cut and folded by the program
);
CREATE UNIQUE INDEX search_doc_subject ON search_doc (brand_id, kind, subject);
CREATE INDEX search_doc_person ON search_doc (brand_id, person_id) WHERE person_id <> '';
CREATE INDEX search_doc_conversation ON search_doc (brand_id, conversation_id) WHERE conversation_id <> '';
-- The newest of a brand, of whatever kind and of one.
CREATE INDEX search_doc_recent ON search_doc (brand_id, seq);
CREATE INDEX search_doc_kind ON search_doc (brand_id, kind, seq);
CREATE INDEX search_doc_words ON search_doc USING gin (words);

-- How far the texts that were there before were taken in.
CREATE TABLE search_fill (
	source  ctext PRIMARY KEY,
	after   TEXT NOT NULL DEFAULT '',
	done_at BIGINT NOT NULL DEFAULT 0
);
