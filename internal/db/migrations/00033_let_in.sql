-- +goose Up
-- Who was let in by the team was not here by that: such a joining counts for no
-- visit. The log of what the team did knows which those were; what was counted
-- of them is counted anew.
UPDATE activity SET value = 1 WHERE kind = 'member.joined' AND member_id <> '' AND EXISTS (SELECT 1 FROM audit u
	WHERE u.brand_id = activity.brand_id AND u.subject = activity.member_id AND u.at = activity.at AND u.act = 'member.let_in');
UPDATE tally SET zone = '' WHERE EXISTS (SELECT 1 FROM activity a WHERE a.brand_id = tally.brand_id AND a.kind = 'member.joined' AND a.value = 1);
