-- +goose Up
-- What was asked on a network and became a topic of the community: where it
-- came from, and whether the answer went back.
CREATE TABLE crossing (
	id              ctext PRIMARY KEY,
	brand_id        ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	channel_id      ctext NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
	conversation_id ctext NOT NULL,
	message_id      ctext NOT NULL,
	topic_id        ctext NOT NULL REFERENCES topic (id) ON DELETE CASCADE,
	person_id       ctext NOT NULL DEFAULT '',   -- who asked; empty once they are erased
	account_id      ctext NOT NULL,              -- who of the team made the topic
	back            BOOLEAN NOT NULL,            -- the accepted answer goes back by itself
	state           ctext NOT NULL,              -- open, returned, failed
	why             TEXT NOT NULL DEFAULT '',    -- of failed, for a person
	reply_id        ctext NOT NULL DEFAULT '',   -- the answer that was accepted
	post_id         ctext NOT NULL,              -- the reply that carries it back, known before it is written
	told_id         ctext NOT NULL DEFAULT '',   -- the reply that told the author of the topic; empty: they were not told
	created_at      BIGINT NOT NULL,
	solved_at       BIGINT NOT NULL DEFAULT 0,
	returned_at     BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX crossing_topic ON crossing (topic_id);
CREATE UNIQUE INDEX crossing_message ON crossing (message_id);
CREATE INDEX crossing_conversation ON crossing (brand_id, conversation_id, created_at);
CREATE INDEX crossing_person ON crossing (brand_id, person_id) WHERE person_id <> '';
CREATE INDEX crossing_recent ON crossing (brand_id, created_at, id);
CREATE INDEX crossing_returned ON crossing (brand_id, returned_at) WHERE returned_at > 0;
