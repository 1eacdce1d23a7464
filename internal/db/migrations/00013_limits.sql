-- +goose Up
-- How many requests a minute an API token may make; 0 is as many as usual.
ALTER TABLE api_token ADD COLUMN per_minute BIGINT NOT NULL DEFAULT 0;
