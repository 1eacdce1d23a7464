-- +goose Up
-- Whether a letter speaks for the brand's community, whose name it then bears,
-- or for the house. Until now that was told by what had caused it.
ALTER TABLE letter ADD COLUMN community BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE letter SET community = TRUE WHERE brand_id <> '' AND (source LIKE 'members-digest-%' OR source LIKE 'address %' OR source LIKE 'sign-up again %'
	OR EXISTS (SELECT 1 FROM notice n WHERE n.id = letter.source));
