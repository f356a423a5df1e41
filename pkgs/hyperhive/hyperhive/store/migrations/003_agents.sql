-- What the operator decided for an agent beyond the configuration.
CREATE TABLE agents (
  name TEXT PRIMARY KEY,
  model TEXT NOT NULL
) STRICT, WITHOUT ROWID;
