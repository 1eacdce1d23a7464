-- +goose Up

-- Who asked is read from the message, where erasing a person already takes it.
DROP INDEX crossing_person;
ALTER TABLE crossing DROP COLUMN person_id;
