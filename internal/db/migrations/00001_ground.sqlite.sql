-- +goose Up
-- Ids are declared ctext: text that compares byte by byte. In SQLite that is
-- how text compares, and the name gives the column text affinity.
CREATE TABLE installation (
	key   ctext PRIMARY KEY,
	value TEXT NOT NULL
);
