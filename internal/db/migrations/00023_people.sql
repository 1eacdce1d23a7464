-- +goose Up
-- How often something was looked for in vain on each day, so that a span can be
-- told. The day is that of UTC. Of what came before, one time is known for
-- certain: the last.
CREATE TABLE search_missed_day (
	missed_id ctext NOT NULL REFERENCES search_missed (id) ON DELETE CASCADE,
	brand_id  ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	day       BIGINT NOT NULL,                 -- when it began
	times     BIGINT NOT NULL,
	PRIMARY KEY (missed_id, day)
);
CREATE INDEX search_missed_day_span ON search_missed_day (brand_id, day, missed_id, times);
INSERT INTO search_missed_day (missed_id, brand_id, day, times)
	SELECT id, brand_id, last_at - last_at % 86400000, 1 FROM search_missed;

-- Why the team took a member's picture away, as they read it.
ALTER TABLE member ADD COLUMN picture_why TEXT NOT NULL DEFAULT '';
