-- +goose Up
-- Lines of a conversation's story name members, flags and topics by their ids,
-- so that nothing of somebody stays in them who is erased. A name that several
-- have, or nobody any more, is left out.
UPDATE conversation_event SET detail = COALESCE((SELECT CASE WHEN COUNT(*) = 1 THEN MIN(m.id) END FROM member m
	WHERE m.brand_id = conversation_event.brand_id AND m.name = conversation_event.detail AND m.name <> ''), '') WHERE what IN ('answered', 'solved');
UPDATE conversation_event SET detail = COALESCE((SELECT MIN(f.id) FROM conversation c JOIN flag f ON f.reply_id = SUBSTR(c.root, 6)
	WHERE c.id = conversation_event.conversation_id AND f.reason || '
' || f.note = conversation_event.detail), '') WHERE what = 'flagged';
UPDATE conversation_event SET detail = COALESCE((SELECT MIN(x.topic_id) FROM crossing x JOIN topic t ON t.id = x.topic_id
	WHERE x.brand_id = conversation_event.brand_id AND x.conversation_id = conversation_event.conversation_id AND t.title = conversation_event.detail), '') WHERE what = 'bridged';
