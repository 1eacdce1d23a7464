-- +goose Up
-- Short addresses on the brand's own host, and how often they are followed.
-- Nothing here says who followed one.

CREATE TABLE link (
	id         ctext PRIMARY KEY,
	brand_id   ctext NOT NULL REFERENCES brand (id) ON DELETE CASCADE,
	code       ctext NOT NULL,                   -- in its address; random
	target     TEXT NOT NULL,                    -- a path of the community, or an https address
	source     ctext NOT NULL DEFAULT '',        -- where it is shared, as utm_source
	campaign   ctext NOT NULL DEFAULT '',        -- as utm_campaign
	post_id    ctext NOT NULL DEFAULT '',        -- that holds it
	channel_id ctext NOT NULL DEFAULT '',        -- whose variant holds it
	topic_id   ctext NOT NULL DEFAULT '',        -- that it promotes
	reply_id   ctext NOT NULL DEFAULT '',        -- the answer in it, where it promotes one
	author_id  ctext NOT NULL DEFAULT '',        -- account that made it
	ended_at   BIGINT NOT NULL DEFAULT 0,        -- since when it leads nowhere
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX link_code ON link (brand_id, code);
CREATE INDEX link_list ON link (brand_id, created_at, id);
CREATE INDEX link_campaign ON link (brand_id, campaign, created_at, id) WHERE campaign <> '';
CREATE INDEX link_post ON link (brand_id, post_id, created_at, id) WHERE post_id <> '';
CREATE INDEX link_topic ON link (brand_id, topic_id, created_at, id) WHERE topic_id <> '';

-- How often a link was followed on a day of the brand's clock.
CREATE TABLE link_day (
	link_id  ctext NOT NULL REFERENCES link (id) ON DELETE CASCADE,
	day      ctext NOT NULL,                     -- 2026-11-29
	brand_id ctext NOT NULL,
	people   BIGINT NOT NULL DEFAULT 0,
	bots     BIGINT NOT NULL DEFAULT 0,          -- known programs, apart
	PRIMARY KEY (link_id, day)
);
CREATE INDEX link_day_brand ON link_day (brand_id, day);

-- Members who came by a link.
CREATE TABLE link_joined (
	member_id ctext PRIMARY KEY REFERENCES member (id) ON DELETE CASCADE,
	brand_id  ctext NOT NULL,
	link_id   ctext NOT NULL REFERENCES link (id) ON DELETE CASCADE,
	day       ctext NOT NULL,                    -- on which they joined, by the brand's clock
	at        BIGINT NOT NULL
);
CREATE INDEX link_joined_brand ON link_joined (brand_id, day);
CREATE INDEX link_joined_link ON link_joined (link_id, day);
