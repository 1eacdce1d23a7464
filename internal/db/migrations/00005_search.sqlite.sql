-- +goose Up
-- What may be found. seq is the moment a text is of, and a few bits that keep
-- the texts of one moment apart: from new to old is from high to low.
CREATE TABLE search_doc (
	seq             INTEGER PRIMARY KEY,
	brand_id        ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	kind            ctext NOT NULL,              -- message, note, post, person
	subject         ctext NOT NULL,              -- its id
	conversation_id ctext NOT NULL DEFAULT '',   -- it stands in
	channels        ctext NOT NULL DEFAULT '',   -- ids with blanks between
	person_id       ctext NOT NULL DEFAULT '',   -- who wrote it, from outside
	text            TEXT NOT NULL,               -- composed (NFC), as snippets show it
	words           TEXT NOT NULL DEFAULT ''     -- PostgreSQL keeps them here
);
CREATE UNIQUE INDEX search_doc_subject ON search_doc (brand_id, kind, subject);
CREATE INDEX search_doc_person ON search_doc (brand_id, person_id) WHERE person_id <> '';
CREATE INDEX search_doc_conversation ON search_doc (brand_id, conversation_id) WHERE conversation_id <> '';

-- The words come cut and folded by the program: to FTS5 they are runs of
-- letters between blanks. Each begins with four letters for its brand and one
-- for its kind, so that nobody pays for another's words; the beginnings kept
-- are those of one to three letters.
CREATE VIRTUAL TABLE search_word USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '6 7 8');

-- +goose StatementBegin
CREATE TRIGGER search_doc_gone AFTER DELETE ON search_doc BEGIN
	DELETE FROM search_word WHERE rowid = old.seq;
END;
-- +goose StatementEnd

-- How far the texts that were there before were taken in.
CREATE TABLE search_fill (
	source  ctext PRIMARY KEY,
	after   TEXT NOT NULL DEFAULT '',
	done_at BIGINT NOT NULL DEFAULT 0
);
