-- +goose Up

-- When somebody was last heard from knows of what they wrote in the community.
UPDATE person SET last_at = h.at
FROM (SELECT m.brand_id, m.person_id, MAX(r.at) AS at FROM member m JOIN reply r ON r.brand_id = m.brand_id AND r.author_id = m.id
	WHERE m.person_id <> '' GROUP BY m.brand_id, m.person_id) h
WHERE person.brand_id = h.brand_id AND person.id = h.person_id AND person.last_at < h.at;
