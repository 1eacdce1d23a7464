-- +goose Up
-- The language that an account reads in. '' follows its browser, and in what is
-- written for it while no browser asks, the brand.
ALTER TABLE account ADD COLUMN language TEXT NOT NULL DEFAULT '';
