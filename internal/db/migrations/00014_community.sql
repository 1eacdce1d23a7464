-- +goose Up
-- The brand's own community: where it is found and who may join, its spaces,
-- its members, and what they say to each other.

CREATE TABLE community (
	brand_id    ctext PRIMARY KEY REFERENCES brand (id) ON DELETE CASCADE,
	host        ctext NOT NULL DEFAULT '',       -- host name of its own, in lower case
	intro       TEXT NOT NULL DEFAULT '',        -- one sentence under its name
	opened_at   BIGINT NOT NULL DEFAULT 0,       -- 0: only the team sees it
	joining     ctext NOT NULL DEFAULT 'open',   -- open, ask (the team lets in), closed
	questions   TEXT NOT NULL DEFAULT '',        -- JSON list of what is asked of who joins
	first_posts BIGINT NOT NULL DEFAULT 2,       -- how many posts of a newcomer wait for a look
	links_wait  BOOLEAN NOT NULL DEFAULT TRUE,   -- a newcomer's posts with links wait as well
	topics      BIGINT NOT NULL DEFAULT 0,       -- the last number given to a topic
	revision    BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX community_host ON community (host) WHERE host <> '';

CREATE TABLE space (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	slug       ctext NOT NULL,                   -- in addresses; older ones are in space_slug
	name       TEXT NOT NULL,
	about      TEXT NOT NULL DEFAULT '',
	kind       ctext NOT NULL,                   -- discussion, questions, announcements, knowledge
	hidden     BOOLEAN NOT NULL DEFAULT FALSE,   -- for members only
	place      BIGINT NOT NULL,                  -- in the order of spaces, from 1
	topics     BIGINT NOT NULL DEFAULT 0,        -- that anybody may read
	last_at    BIGINT NOT NULL DEFAULT 0,        -- the last word in it
	closed_at  BIGINT NOT NULL DEFAULT 0,        -- since when nobody can write in it
	revision   BIGINT NOT NULL DEFAULT 1,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX space_brand ON space (brand_id, id);
CREATE INDEX space_order ON space (brand_id, place, id);

-- Every address a space has had, so that links go on working.
CREATE TABLE space_slug (
	brand_id ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	slug     ctext NOT NULL,
	space_id ctext NOT NULL REFERENCES space (id) ON DELETE CASCADE,
	PRIMARY KEY (brand_id, slug)
);
CREATE INDEX space_slug_of ON space_slug (space_id);

CREATE TABLE member (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	account_id ctext NOT NULL DEFAULT '',        -- '' once they are gone
	person_id  ctext NOT NULL DEFAULT '',        -- the brand's one record of them
	handle     ctext NOT NULL,                   -- as it is written; older ones are in member_handle
	name       TEXT NOT NULL,
	name_key   ctext NOT NULL,                   -- folded, for looking it up
	bio        TEXT NOT NULL DEFAULT '',
	link       TEXT NOT NULL DEFAULT '',         -- a page of theirs
	picture    ctext NOT NULL DEFAULT '',        -- key of the file; '' none
	state      ctext NOT NULL,                   -- asking, active, refused, suspended, left
	state_at   BIGINT NOT NULL,
	reason     TEXT NOT NULL DEFAULT '',         -- of a refusal or a suspension, as they read it
	answers    TEXT NOT NULL DEFAULT '',         -- JSON list of what they said when they joined
	listed     BOOLEAN NOT NULL DEFAULT TRUE,    -- shown in the directory
	team       BOOLEAN NOT NULL DEFAULT FALSE,   -- they were of the team when they last came
	trusted_at BIGINT NOT NULL DEFAULT 0,        -- since when nothing of theirs waits for a look
	posts      BIGINT NOT NULL DEFAULT 0,        -- of theirs that can be read
	solved     BIGINT NOT NULL DEFAULT 0,        -- answers of theirs that were accepted
	came_from  TEXT NOT NULL DEFAULT '',         -- JSON of what brought them here
	joined_at  BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	revision   BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX member_brand ON member (brand_id, id);
CREATE UNIQUE INDEX member_account ON member (brand_id, account_id) WHERE account_id <> '';
CREATE INDEX member_person ON member (brand_id, person_id) WHERE person_id <> '';
CREATE INDEX member_joined ON member (brand_id, state, joined_at, id);
CREATE INDEX member_seen ON member (brand_id, state, seen_at, id);
CREATE INDEX member_busiest ON member (brand_id, state, posts, id);
CREATE INDEX member_name ON member (brand_id, name_key);

-- Every handle somebody has had, folded, so that links go on working and
-- nobody can take on another's name.
CREATE TABLE member_handle (
	brand_id  ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	handle    ctext NOT NULL,                    -- in lower case
	skeleton  ctext NOT NULL,                    -- what it looks like
	member_id ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	PRIMARY KEY (brand_id, handle)
);
CREATE INDEX member_handle_of ON member_handle (member_id);
CREATE INDEX member_handle_looks ON member_handle (brand_id, skeleton);

CREATE TABLE topic (
	id          ctext PRIMARY KEY,
	brand_id    ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	number      BIGINT NOT NULL,                 -- in addresses
	space_id    ctext NOT NULL REFERENCES space (id) ON DELETE CASCADE,
	author_id   ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	title       TEXT NOT NULL,
	slug        ctext NOT NULL,                  -- made of the title, for the eye alone
	excerpt     TEXT NOT NULL DEFAULT '',        -- beginning of its opening
	state       ctext NOT NULL,                  -- waiting, live, hidden, declined, withdrawn
	replies     BIGINT NOT NULL DEFAULT 0,       -- that can be read, without the opening
	heat        BIGINT NOT NULL DEFAULT 0,       -- its replies and reactions
	last_number BIGINT NOT NULL DEFAULT 0,       -- the last number given to a reply
	last_at     BIGINT NOT NULL,                 -- the last word
	last_by     ctext NOT NULL,                  -- member whose it is
	answered_at BIGINT NOT NULL DEFAULT 0,       -- first reply by another member
	answer_id   ctext NOT NULL DEFAULT '',       -- reply that was accepted
	solved_at   BIGINT NOT NULL DEFAULT 0,
	pinned_at   BIGINT NOT NULL DEFAULT 0,
	closed_at   BIGINT NOT NULL DEFAULT 0,       -- since when nobody can reply
	origin      TEXT NOT NULL DEFAULT '',        -- JSON of where it comes from, when not from here
	created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX topic_number ON topic (brand_id, number);
CREATE INDEX topic_latest ON topic (brand_id, last_at, id) WHERE state = 'live';
CREATE INDEX topic_space ON topic (brand_id, space_id, last_at, id) WHERE state = 'live';
CREATE INDEX topic_begun ON topic (brand_id, created_at, heat, space_id, id) WHERE state = 'live';
CREATE INDEX topic_top ON topic (brand_id, heat, id) WHERE state = 'live';
CREATE INDEX topic_unanswered ON topic (brand_id, created_at, id) WHERE state = 'live' AND answered_at = 0;
CREATE INDEX topic_pinned ON topic (brand_id, space_id, pinned_at) WHERE state = 'live' AND pinned_at > 0;
CREATE INDEX topic_author ON topic (brand_id, author_id, created_at, id);

-- What was said in a topic. Number 1 is its opening. What waits for a look has
-- no number yet.
CREATE TABLE reply (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	topic_id   ctext NOT NULL REFERENCES topic (id) ON DELETE CASCADE,
	space_id   ctext NOT NULL,                   -- as the topic's
	number     BIGINT NOT NULL,                  -- from 1 without a gap; below 0 while it waits
	author_id  ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	answers    BIGINT NOT NULL DEFAULT 0,        -- number of the reply it answers; 0 the topic
	state      ctext NOT NULL,                   -- waiting, live, hidden, declined, withdrawn, erased
	text       TEXT NOT NULL,                    -- Markdown
	html       TEXT NOT NULL,                    -- the same, as pages show it
	team       BOOLEAN NOT NULL DEFAULT FALSE,   -- its author spoke as one of the team
	reactions  TEXT NOT NULL DEFAULT '',         -- counts, "heart 3 party 1"
	flags      BIGINT NOT NULL DEFAULT 0,        -- that nobody has looked at
	edited_at  BIGINT NOT NULL DEFAULT 0,
	revision   BIGINT NOT NULL DEFAULT 1,
	once       ctext NOT NULL DEFAULT '',        -- of the form it came by
	at         BIGINT NOT NULL,                  -- since when it can be read, or waits
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX reply_topic ON reply (topic_id, number);
CREATE UNIQUE INDEX reply_once ON reply (author_id, once) WHERE once <> '';
CREATE INDEX reply_author ON reply (brand_id, author_id, at, id);
CREATE INDEX reply_waiting ON reply (brand_id, at, id) WHERE state = 'waiting';
CREATE INDEX reply_flagged ON reply (brand_id, at, id) WHERE flags > 0;

-- What a reply said before it was changed.
CREATE TABLE revision (
	reply_id ctext NOT NULL REFERENCES reply (id) ON DELETE CASCADE,
	number   BIGINT NOT NULL,                    -- as the reply's revision then was
	brand_id ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	title    TEXT NOT NULL DEFAULT '',           -- of an opening
	text     TEXT NOT NULL,
	by_id    ctext NOT NULL,                     -- member who wrote it
	at       BIGINT NOT NULL,                    -- when it was written
	PRIMARY KEY (reply_id, number)
);

CREATE TABLE reaction (
	reply_id  ctext NOT NULL REFERENCES reply (id) ON DELETE CASCADE,
	member_id ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	brand_id  ctext NOT NULL,
	kind      ctext NOT NULL,
	at        BIGINT NOT NULL,
	PRIMARY KEY (reply_id, member_id, kind)
);
CREATE INDEX reaction_of ON reaction (brand_id, member_id, at);

CREATE TABLE bookmark (
	member_id ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	reply_id  ctext NOT NULL REFERENCES reply (id) ON DELETE CASCADE,
	brand_id  ctext NOT NULL,
	at        BIGINT NOT NULL,
	PRIMARY KEY (member_id, reply_id)
);
CREATE INDEX bookmark_list ON bookmark (brand_id, member_id, at, reply_id);
CREATE INDEX bookmark_of ON bookmark (reply_id);

-- What somebody has begun to write: one text for each place.
CREATE TABLE topic_draft (
	member_id ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	place     ctext NOT NULL,                    -- topic id, or '' for a topic that is begun
	brand_id  ctext NOT NULL,
	title     TEXT NOT NULL DEFAULT '',
	space_id  ctext NOT NULL DEFAULT '',
	text      TEXT NOT NULL,
	at        BIGINT NOT NULL,
	PRIMARY KEY (member_id, place)
);

-- Who follows or mutes a topic or a space, and how far they have read.
CREATE TABLE watch (
	member_id ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	subject   ctext NOT NULL,                    -- id of a topic or a space
	brand_id  ctext NOT NULL,
	level     ctext NOT NULL DEFAULT '',         -- watch, mute; '' neither
	because   ctext NOT NULL DEFAULT '',         -- chosen, began, replied
	seen      BIGINT NOT NULL DEFAULT 0,         -- number of the last reply read
	at        BIGINT NOT NULL,
	PRIMARY KEY (member_id, subject)
);
CREATE INDEX watch_of ON watch (brand_id, subject, level);

-- What a member finds wrong. Settled by a decision, or by a look that found
-- nothing.
CREATE TABLE flag (
	id          ctext PRIMARY KEY,
	brand_id    ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	reply_id    ctext NOT NULL REFERENCES reply (id) ON DELETE CASCADE,
	member_id   ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	reason      ctext NOT NULL,                  -- spam, abuse, offtopic, illegal, other
	note        TEXT NOT NULL DEFAULT '',
	at          BIGINT NOT NULL,
	settled_at  BIGINT NOT NULL DEFAULT 0,
	agreed      BOOLEAN NOT NULL DEFAULT FALSE,  -- the team saw it the same way
	UNIQUE (reply_id, member_id)
);
CREATE INDEX flag_member ON flag (brand_id, member_id, at);

-- What the team decided about a reply, and why. Rows never change.
CREATE TABLE decision (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	reply_id   ctext NOT NULL REFERENCES reply (id) ON DELETE CASCADE,
	act        ctext NOT NULL,                   -- hidden, restored, approved, declined, kept
	rule       TEXT NOT NULL DEFAULT '',         -- of the guidelines, in their words
	reason     TEXT NOT NULL DEFAULT '',         -- as its author and its readers see it
	excerpt    TEXT NOT NULL DEFAULT '',         -- of what it was about, as it then stood
	revision   BIGINT NOT NULL DEFAULT 0,
	account_id ctext NOT NULL,
	at         BIGINT NOT NULL
);
CREATE INDEX decision_reply ON decision (reply_id, at, id);
CREATE INDEX decision_list ON decision (brand_id, at, id);

-- The pages everybody can read: guidelines, terms, privacy, imprint. Each
-- change is a version, and nothing is overwritten.
CREATE TABLE document (
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	name       ctext NOT NULL,                   -- guidelines, terms, privacy, imprint
	version    BIGINT NOT NULL,
	text       TEXT NOT NULL,                    -- Markdown
	html       TEXT NOT NULL,
	binding    BOOLEAN NOT NULL DEFAULT TRUE,    -- members accept it anew
	account_id ctext NOT NULL,                   -- who wrote it
	at         BIGINT NOT NULL,
	PRIMARY KEY (brand_id, name, version)
);

CREATE TABLE acceptance (
	member_id ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	name      ctext NOT NULL,
	version   BIGINT NOT NULL,
	brand_id  ctext NOT NULL,
	at        BIGINT NOT NULL,
	PRIMARY KEY (member_id, name, version)
);

-- Pictures that members put into what they write.
CREATE TABLE topic_picture (
	id        ctext PRIMARY KEY,                 -- cannot be guessed
	brand_id  ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	member_id ctext NOT NULL REFERENCES member (id) ON DELETE CASCADE,
	blob      ctext NOT NULL,                    -- key of the file
	mime      ctext NOT NULL,
	bytes     BIGINT NOT NULL,
	width     BIGINT NOT NULL,
	height    BIGINT NOT NULL,
	at        BIGINT NOT NULL
);
CREATE INDEX topic_picture_of ON topic_picture (brand_id, member_id, at, id);
