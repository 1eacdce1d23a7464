-- +goose Up
-- The embedded runner's queue. On PostgreSQL the engine brings its own tables.
CREATE TABLE job (
	id          ctext PRIMARY KEY,
	kind        TEXT NOT NULL,
	args        TEXT NOT NULL,
	state       TEXT NOT NULL,                  -- waiting, running, dead
	run_at      BIGINT NOT NULL,
	attempt     BIGINT NOT NULL DEFAULT 0,
	node        ctext NOT NULL DEFAULT '',
	lease_until BIGINT NOT NULL DEFAULT 0,
	error       TEXT NOT NULL DEFAULT '',
	created_at  BIGINT NOT NULL
);
CREATE INDEX job_due ON job (run_at, id) WHERE state = 'waiting';
CREATE INDEX job_lease ON job (lease_until) WHERE state = 'running';
