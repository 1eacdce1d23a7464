-- +goose Up
-- The job engine on PostgreSQL brings its own tables and migrates them itself.
SELECT 1;
