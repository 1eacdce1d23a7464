-- +goose Up

-- The words of the index, to see which there are that begin so.
CREATE VIRTUAL TABLE search_term USING fts5vocab(search_word, instance);
