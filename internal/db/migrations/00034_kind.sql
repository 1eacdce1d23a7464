-- +goose Up
-- The inbox narrowed to a kind: few of many would be a long walk past the others.
CREATE INDEX conversation_kind ON conversation (brand_id, kind, state, last_at, id, channel_id);
