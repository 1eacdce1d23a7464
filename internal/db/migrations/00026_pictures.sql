-- +goose Up

-- By which rule the team took a member's picture away.
ALTER TABLE member ADD COLUMN picture_rule TEXT NOT NULL DEFAULT '';

-- Who shows a file: it is sent, and stays, as long as somebody does.
CREATE INDEX member_picture ON member (brand_id, picture) WHERE picture <> '';
