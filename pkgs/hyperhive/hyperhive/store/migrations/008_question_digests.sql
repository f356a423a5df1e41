-- The first 64 bits of a question's hash, in an index that answers whether it was asked before: the row's end lies
-- behind the text. Null of what is older than this column.
ALTER TABLE questions ADD COLUMN digest INTEGER;
CREATE INDEX questions_same ON questions (asker, target, digest, asked_at);
