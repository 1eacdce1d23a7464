-- +goose Up
-- The community's numbers, rolled up from the log of activity.

-- Which member did it, in which topic, and whether as one of the team. A member
-- who left without their name is a token that leads nowhere.
ALTER TABLE activity ADD COLUMN member_id ctext NOT NULL DEFAULT '';
ALTER TABLE activity ADD COLUMN topic_id ctext NOT NULL DEFAULT '';
ALTER TABLE activity ADD COLUMN team BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX activity_member ON activity (brand_id, member_id, at) WHERE member_id <> '';
CREATE INDEX activity_topic ON activity (brand_id, topic_id, at) WHERE topic_id <> '';
-- What was taken from everybody's eyes and brought back, and reactions that
-- were taken back: few, and looked for by what they are about.
CREATE INDEX activity_seen ON activity (brand_id, subject, at, id) WHERE kind IN ('reply.concealed', 'reply.revealed');
CREATE INDEX activity_life ON activity (brand_id, member_id, at, id) WHERE kind IN ('member.joined', 'member.left');
CREATE INDEX activity_turned ON activity (brand_id, topic_id, at, id) WHERE kind IN ('topic.moved', 'topic.solved', 'topic.unsolved');
CREATE INDEX activity_unreacted ON activity (brand_id, subject, member_id, at) WHERE kind = 'reply.unreacted';

-- What was recorded and is not rolled up yet. A row goes in the transaction
-- that rolls it up, so that one that commits late is never passed over.
CREATE TABLE activity_fresh (
	id        ctext PRIMARY KEY,                 -- of the activity
	brand_id  ctext NOT NULL,
	kind      ctext NOT NULL,
	subject   ctext NOT NULL,
	value     BIGINT NOT NULL,
	at        BIGINT NOT NULL,
	member_id ctext NOT NULL,
	topic_id  ctext NOT NULL
);
CREATE INDEX activity_fresh_brand ON activity_fresh (brand_id, id);

-- How far a brand's numbers are rolled up. A brand without a row is rolled up
-- from all its activity.
CREATE TABLE tally (
	brand_id ctext PRIMARY KEY REFERENCES brand (id) ON DELETE CASCADE,
	zone     ctext NOT NULL,                     -- by whose clock its days are days
	at       BIGINT NOT NULL                     -- when it was last counted
);

-- What a member did on a day. Days are counted from 1970-01-01 by the brand's
-- calendar.
CREATE TABLE tally_act (
	brand_id  ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	member_id ctext NOT NULL,
	day       BIGINT NOT NULL,
	team      BOOLEAN NOT NULL,                  -- they were of the team that day
	topics    BIGINT NOT NULL,                   -- begun
	replies   BIGINT NOT NULL,
	reactions BIGINT NOT NULL,                   -- given to others
	PRIMARY KEY (brand_id, member_id, day)
);
CREATE INDEX tally_act_day ON tally_act (brand_id, day, member_id, team, topics, replies, reactions);
CREATE INDEX tally_act_team ON tally_act (member_id, day) WHERE team;
CREATE INDEX tally_act_post ON tally_act (brand_id, member_id, day) WHERE topics + replies > 0;

-- When a member came, first said something, and left.
CREATE TABLE tally_member (
	brand_id  ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	member_id ctext NOT NULL,
	team      BOOLEAN NOT NULL,                  -- when they joined
	joined    BIGINT NOT NULL,                   -- day; -1: it is not known
	first     BIGINT NOT NULL,                   -- day of the first post; -1: none
	gone      BIGINT NOT NULL,                   -- day they left; -1: they are there
	PRIMARY KEY (brand_id, member_id)
);
CREATE INDEX tally_member_joined ON tally_member (brand_id, joined, member_id);
CREATE INDEX tally_member_first ON tally_member (brand_id, first, member_id);
CREATE INDEX tally_member_gone ON tally_member (brand_id, gone, member_id) WHERE gone >= 0;

-- What became of a topic.
CREATE TABLE tally_topic (
	brand_id ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	topic_id ctext NOT NULL,
	day      BIGINT NOT NULL,                    -- on which it began
	begun    BIGINT NOT NULL,
	team     BOOLEAN NOT NULL,                   -- who began it was of the team
	question BOOLEAN NOT NULL,                   -- it stands where questions are asked
	answered BIGINT NOT NULL,                    -- first reply by somebody else; 0: none
	solved   BIGINT NOT NULL,                    -- an answer was accepted; 0: none stands
	PRIMARY KEY (brand_id, topic_id)
);
CREATE INDEX tally_topic_day ON tally_topic (brand_id, day, topic_id);

-- A community's days in sums, apart for members and team.
CREATE TABLE tally_day (
	brand_id     ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	day          BIGINT NOT NULL,
	team         BOOLEAN NOT NULL,
	active       BIGINT NOT NULL,                -- people who were there
	contributors BIGINT NOT NULL,                -- of them, who said or felt something
	posters      BIGINT NOT NULL,                -- of them, who said something
	topics       BIGINT NOT NULL,
	replies      BIGINT NOT NULL,
	reactions    BIGINT NOT NULL,
	joined       BIGINT NOT NULL,
	gone         BIGINT NOT NULL,
	PRIMARY KEY (brand_id, day, team)
);

-- The numbers of whole spans, as they were computed last.
CREATE TABLE tally_span (
	brand_id ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	name     ctext NOT NULL,                     -- how many days, or which table
	day      BIGINT NOT NULL,                    -- the last of its days
	at       BIGINT NOT NULL,
	body     TEXT NOT NULL,                      -- JSON
	PRIMARY KEY (brand_id, name)
);

-- What was said before is known by its reply, what was felt by who felt it.
-- What cannot be read now is left out.
UPDATE activity SET member_id = subject WHERE kind IN ('member.joined', 'member.visited');
UPDATE activity SET
	member_id = (SELECT r.author_id FROM reply r WHERE r.id = activity.subject),
	topic_id = (SELECT r.topic_id FROM reply r WHERE r.id = activity.subject),
	team = (SELECT r.team FROM reply r WHERE r.id = activity.subject)
	WHERE kind IN ('topic.begun', 'reply.added') AND EXISTS (SELECT 1 FROM reply r WHERE r.id = activity.subject AND r.state IN ('live', 'erased'));
UPDATE activity SET value = 1 WHERE kind = 'topic.begun' AND EXISTS (SELECT 1 FROM reply r JOIN space s ON s.id = r.space_id WHERE r.id = activity.subject AND s.kind = 'questions');
UPDATE activity SET member_id = (SELECT MIN(m.id) FROM member m WHERE m.brand_id = activity.brand_id AND m.person_id = activity.actor)
	WHERE kind = 'reply.reacted' AND actor <> '' AND EXISTS (SELECT 1 FROM member m WHERE m.brand_id = activity.brand_id AND m.person_id = activity.actor);
UPDATE activity SET topic_id = subject WHERE kind = 'topic.solved';

-- Topics that came from elsewhere are counted.
CREATE INDEX topic_origin ON topic (brand_id, created_at, answered_at) WHERE state = 'live' AND origin <> '';
