-- Turns that failed with the message for a reason that its text can have, those of them that carried nothing
-- else, and what was said at the last of them.
ALTER TABLE messages ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN failures_alone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN error TEXT;
-- The turn whose lease ended before the turn had spoken, until another turn takes the message.
ALTER TABLE messages ADD COLUMN lapsed_turn TEXT;

CREATE INDEX messages_parked ON messages (recipient, id) WHERE state = 'parked';
CREATE INDEX messages_lapsed ON messages (recipient, lapsed_turn)
  WHERE state = 'queued' AND lapsed_turn IS NOT NULL;
