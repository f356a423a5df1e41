CREATE TABLE schema_version (
  version INTEGER PRIMARY KEY,
  applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
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
  refused_rule TEXT
) STRICT;

CREATE INDEX messages_queued ON messages (recipient, id) WHERE state = 'queued';
CREATE INDEX messages_leased ON messages (recipient, id) WHERE state = 'leased';
CREATE INDEX messages_refused ON messages (sender, sent_at) WHERE state = 'refused';
CREATE INDEX messages_undeliverable ON messages (id) WHERE state = 'undeliverable';
CREATE INDEX messages_by_recipient ON messages (recipient, id);
CREATE INDEX messages_by_sender ON messages (sender, id);
CREATE INDEX messages_by_pair ON messages (sender, recipient, sent_at);
CREATE INDEX messages_by_time ON messages (sent_at);

-- What a call with an idempotency key answered, so that its repetition answers the same.
CREATE TABLE idempotency (
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  result TEXT NOT NULL,
  at REAL NOT NULL,
  PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_time ON idempotency (at);

-- When the loop breaker last told a pair (first < second) that it refuses their messages.
CREATE TABLE loop_notices (
  first TEXT NOT NULL,
  second TEXT NOT NULL,
  at REAL NOT NULL,
  PRIMARY KEY (first, second)
) STRICT, WITHOUT ROWID;

CREATE TABLE questions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  asker TEXT NOT NULL,
  target TEXT NOT NULL,
  question TEXT NOT NULL,
  options TEXT NOT NULL,
  multi INTEGER NOT NULL,
  asked_at REAL NOT NULL,
  deadline_at REAL,
  state TEXT NOT NULL,
  answer TEXT,
  closed_by TEXT,
  closed_at REAL
) STRICT;

CREATE INDEX questions_open ON questions (deadline_at) WHERE state = 'open';
CREATE INDEX questions_closed ON questions (closed_at) WHERE state <> 'open';
CREATE INDEX questions_by_pair ON questions (asker, target, asked_at);

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  ts REAL NOT NULL,
  kind TEXT NOT NULL,
  turn TEXT,
  data TEXT NOT NULL,
  cost_usd REAL NOT NULL
) STRICT;

CREATE INDEX events_by_agent ON events (agent, id);
CREATE INDEX events_by_time ON events (ts);
CREATE INDEX events_turn_ends ON events (agent, ts) WHERE kind = 'turn_end';

-- The operator's logins: SHA-256 of the cookie's value and of the secret that was used.
CREATE TABLE sessions (
  digest TEXT PRIMARY KEY,
  secret TEXT NOT NULL,
  expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
