-- +goose Up

-- A member's first post is looked for by the member: an index that begins with
-- the brand was passed over for the one of all the brand's days.
DROP INDEX tally_act_post;
CREATE INDEX tally_act_post ON tally_act (member_id, day) WHERE topics + replies > 0;
