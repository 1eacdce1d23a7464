-- +goose Up
-- The words of what stands in hidden spaces have letters of their own in the
-- index, so that a stranger's search need not leave them out one by one.
ALTER TABLE search_space ADD COLUMN hidden BOOLEAN NOT NULL DEFAULT FALSE; -- new words get those letters
ALTER TABLE search_space ADD COLUMN mixed BOOLEAN NOT NULL DEFAULT FALSE;  -- some may still have the others
CREATE INDEX search_space_mixed ON search_space (mixed, tag, space_id);
