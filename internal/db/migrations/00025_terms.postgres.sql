-- +goose Up

-- SQLite's index is looked into by its words; PostgreSQL needs nothing for it.
SELECT 1;
