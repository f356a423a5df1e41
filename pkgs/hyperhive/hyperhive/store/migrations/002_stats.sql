-- Samples of one key in the bucket that begins at ts, merged; the agent is empty for the whole hive.
-- A bucket is a minute long at first and longer the older it is. `bin` is 0, or one step of a histogram.
CREATE TABLE stats (
  agent TEXT NOT NULL,
  ts INTEGER NOT NULL,
  key TEXT NOT NULL,
  bin INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  total REAL NOT NULL,
  most REAL NOT NULL,
  last REAL NOT NULL,
  PRIMARY KEY (agent, ts, key, bin)
) STRICT, WITHOUT ROWID;

-- Up to where an agent's buckets are at least `step` seconds long.
CREATE TABLE stats_folds (
  agent TEXT NOT NULL,
  step INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (agent, step)
) STRICT, WITHOUT ROWID;
