-- One row for each time that something began to wait for the operator, and for the push about it.
-- `tracked` is 1 while the row decides that its item is not new: until it is settled, and for agents, whose
-- trouble comes again under the same name, until that is over.
CREATE TABLE notifications (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  item TEXT NOT NULL,
  title TEXT NOT NULL,
  opened_at REAL NOT NULL,
  due_at REAL NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  tried_at REAL,
  error TEXT NOT NULL DEFAULT '',
  settled_at REAL,
  summed INTEGER NOT NULL DEFAULT 0,
  tracked INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX notifications_tracked ON notifications (kind, item) WHERE tracked = 1;
CREATE INDEX notifications_by_kind ON notifications (kind, id);
