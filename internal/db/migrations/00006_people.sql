-- +goose Up
-- Where a person wrote to the brand, so that the people of a channel are a list
-- and an account with some channels sees only theirs.
CREATE TABLE person_channel (
	person_id  ctext NOT NULL REFERENCES person (id) ON DELETE CASCADE,
	channel_id ctext NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
	brand_id   ctext NOT NULL,
	messages   BIGINT NOT NULL DEFAULT 0,
	last_at    BIGINT NOT NULL,
	PRIMARY KEY (person_id, channel_id)
);
CREATE INDEX person_channel_recent ON person_channel (brand_id, channel_id, last_at, person_id);
CREATE INDEX person_channel_busiest ON person_channel (brand_id, channel_id, messages, person_id);

-- The words of a message were erased here, and must not come back with what
-- the network still shows. Its ids are hashed.
ALTER TABLE message ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;

-- What was said about a conversation goes when somebody in it is erased.
CREATE INDEX notification_subject ON notification (brand_id, subject);
CREATE INDEX letter_source ON letter (brand_id, source);
