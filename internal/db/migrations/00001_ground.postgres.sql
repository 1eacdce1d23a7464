-- +goose Up
-- Ids are declared ctext: text that compares byte by byte, whatever the
-- database's locale.
CREATE DOMAIN ctext AS TEXT COLLATE "C";
CREATE TABLE installation (
	key   ctext PRIMARY KEY,
	value TEXT NOT NULL
);
