-- +goose Up
-- What keeps programs from signing up, and those who were shut out from coming
-- back by leaving first.

-- Challenges that were answered: each works once.
CREATE TABLE challenge_spent (
	id         ctext PRIMARY KEY,
	expires_at BIGINT NOT NULL                   -- it would not work any more
);
CREATE INDEX challenge_spent_age ON challenge_spent (expires_at);

-- Accounts that left while they were suspended or refused: when they come
-- again the team is asked first.
CREATE TABLE member_barred (
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	account_id ctext NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	at         BIGINT NOT NULL,
	PRIMARY KEY (brand_id, account_id)
);
CREATE INDEX member_barred_of ON member_barred (account_id);

-- Whose words are to be erased, some at a time.
CREATE INDEX reply_words ON reply (brand_id, author_id, id) WHERE state <> 'erased';
