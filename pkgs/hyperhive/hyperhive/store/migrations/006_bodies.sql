-- Texts of messages, apart from the rows that change with every lease: a text is written once and deleted with
-- the last message that has it. Only the messages of one broadcast share a text.
CREATE TABLE bodies (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;

INSERT INTO bodies (id, text) SELECT id, body FROM messages;

CREATE TABLE new_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  kind TEXT NOT NULL,
  body_id INTEGER NOT NULL,
  -- The text's bytes and the first 64 bits of its hash; null of what is older than this column.
  size INTEGER NOT NULL,
  digest INTEGER,
  in_reply_to INTEGER,
  broadcast INTEGER NOT NULL,
  question INTEGER,
  sent_at REAL NOT NULL,
  state TEXT NOT NULL,
  turn TEXT,
  deliveries INTEGER NOT NULL DEFAULT 0,
  leased_at REAL,
  lease_expires_at REAL,
  acked_at REAL,
  refused_rule TEXT,
  failures INTEGER NOT NULL DEFAULT 0,
  failures_alone INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  lapsed_turn TEXT
) STRICT;

INSERT INTO new_messages (id, sender, recipient, kind, body_id, size, in_reply_to, broadcast, question, sent_at,
    state, turn, deliveries, leased_at, lease_expires_at, acked_at, refused_rule, failures, failures_alone, error,
    lapsed_turn)
  SELECT id, sender, recipient, kind, id, length(CAST(body AS BLOB)), in_reply_to, broadcast, question, sent_at,
    state, turn, deliveries, leased_at, lease_expires_at, acked_at, refused_rule, failures, failures_alone, error,
    lapsed_turn
  FROM messages;

-- Ids are never used again, also those of messages that were deleted.
DELETE FROM sqlite_sequence WHERE name = 'new_messages';
INSERT INTO sqlite_sequence (name, seq) SELECT 'new_messages', seq FROM sqlite_sequence WHERE name = 'messages';
DROP TABLE messages;
ALTER TABLE new_messages RENAME TO messages;

CREATE INDEX messages_queued ON messages (recipient, id) WHERE state = 'queued';
CREATE INDEX messages_leased ON messages (recipient, id) WHERE state = 'leased';
CREATE INDEX messages_parked ON messages (recipient, id) WHERE state = 'parked';
CREATE INDEX messages_lapsed ON messages (recipient, lapsed_turn)
  WHERE state = 'queued' AND lapsed_turn IS NOT NULL;
CREATE INDEX messages_refused ON messages (sender, sent_at) WHERE state = 'refused';
CREATE INDEX messages_undeliverable ON messages (id) WHERE state = 'undeliverable';
CREATE INDEX messages_by_recipient ON messages (recipient, id);
CREATE INDEX messages_by_sender ON messages (sender, id);
CREATE INDEX messages_by_pair ON messages (sender, recipient, sent_at);
CREATE INDEX messages_by_time ON messages (sent_at);
CREATE INDEX messages_of_broadcast ON messages (body_id) WHERE broadcast = 1;

CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN
  DELETE FROM bodies WHERE id = OLD.body_id AND NOT (OLD.broadcast = 1
    AND EXISTS (SELECT 1 FROM messages WHERE broadcast = 1 AND body_id = OLD.body_id));
END;
