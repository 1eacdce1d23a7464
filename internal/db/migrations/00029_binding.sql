-- +goose Up
-- Whether a member has accepted what binds is asked before each thing they
-- write, without reading the texts.
CREATE INDEX document_binding ON document (brand_id, name, version) WHERE binding;
