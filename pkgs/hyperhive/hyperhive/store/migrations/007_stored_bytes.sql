-- How much is stored of each name, and of the whole hive under the empty one: texts and data in bytes, and 512
-- for each row. A message counts for both of its sides, but what was refused only for who sent it; `waiting` is
-- what is on its way, or open. Triggers count, whoever writes; only that a message is finished does its
-- UPDATE say itself, because every lease would pay for a trigger.
CREATE TABLE stored_bytes (
  name TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL,
  waiting INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW message_bytes AS
  SELECT id, sender, recipient, state, size + 512 AS bytes,
    CASE WHEN state IN ('queued', 'leased', 'parked') THEN size + 512 ELSE 0 END AS waiting
  FROM messages;
CREATE VIEW question_bytes AS
  SELECT id, asker, target, bytes, CASE state WHEN 'open' THEN bytes ELSE 0 END AS waiting
  FROM (SELECT *, length(CAST(question AS BLOB)) + length(CAST(options AS BLOB))
    + coalesce(length(CAST(answer AS BLOB)), 0) + 512 AS bytes FROM questions);

INSERT INTO stored_bytes (name, bytes, waiting)
  SELECT name, sum(bytes), sum(waiting) FROM (
    SELECT '' AS name, bytes, waiting FROM message_bytes
    UNION ALL SELECT sender, bytes, waiting FROM message_bytes
    UNION ALL SELECT recipient, bytes, waiting FROM message_bytes WHERE state <> 'refused'
    UNION ALL SELECT '', bytes, waiting FROM question_bytes
    UNION ALL SELECT asker, bytes, waiting FROM question_bytes
    UNION ALL SELECT target, bytes, waiting FROM question_bytes
    UNION ALL SELECT '', length(CAST(data AS BLOB)) + 512, 0 FROM events
    UNION ALL SELECT agent, length(CAST(data AS BLOB)) + 512, 0 FROM events
  ) GROUP BY name;

DROP VIEW message_bytes;
DROP VIEW question_bytes;

CREATE TRIGGER messages_stored AFTER INSERT ON messages BEGIN
  INSERT INTO stored_bytes (name, bytes, waiting)
    VALUES ('', NEW.size + 512, (NEW.state IN ('queued', 'leased', 'parked')) * (NEW.size + 512))
    ON CONFLICT (name) DO UPDATE SET bytes = bytes + excluded.bytes, waiting = waiting + excluded.waiting;
  INSERT INTO stored_bytes (name, bytes, waiting)
    VALUES (NEW.sender, NEW.size + 512, (NEW.state IN ('queued', 'leased', 'parked')) * (NEW.size + 512))
    ON CONFLICT (name) DO UPDATE SET bytes = bytes + excluded.bytes, waiting = waiting + excluded.waiting;
  INSERT INTO stored_bytes (name, bytes, waiting)
    SELECT NEW.recipient, NEW.size + 512, (NEW.state IN ('queued', 'leased', 'parked')) * (NEW.size + 512) WHERE NEW.state <> 'refused'
    ON CONFLICT (name) DO UPDATE SET bytes = bytes + excluded.bytes, waiting = waiting + excluded.waiting;
END;
CREATE TRIGGER messages_forgotten AFTER DELETE ON messages BEGIN
  UPDATE stored_bytes
    SET bytes = bytes - (OLD.size + 512),
      waiting = waiting - (OLD.state IN ('queued', 'leased', 'parked')) * (OLD.size + 512)
    WHERE name IN ('', OLD.sender) OR (name = OLD.recipient AND OLD.state <> 'refused');
END;

CREATE TRIGGER questions_stored AFTER INSERT ON questions BEGIN
  INSERT INTO stored_bytes (name, bytes, waiting)
    SELECT name, bytes, (NEW.state = 'open') * bytes
    FROM (SELECT '' AS name UNION ALL SELECT NEW.asker UNION ALL SELECT NEW.target),
      (SELECT length(CAST(NEW.question AS BLOB)) + length(CAST(NEW.options AS BLOB))
        + coalesce(length(CAST(NEW.answer AS BLOB)), 0) + 512 AS bytes)
    WHERE TRUE
    ON CONFLICT (name) DO UPDATE SET bytes = bytes + excluded.bytes, waiting = waiting + excluded.waiting;
END;
CREATE TRIGGER questions_settled AFTER UPDATE OF state, answer ON questions BEGIN
  UPDATE stored_bytes
    SET bytes = bytes + coalesce(length(CAST(NEW.answer AS BLOB)), 0) - coalesce(length(CAST(OLD.answer AS BLOB)), 0),
      waiting = waiting
        + (NEW.state = 'open') * (length(CAST(NEW.question AS BLOB)) + length(CAST(NEW.options AS BLOB))
          + coalesce(length(CAST(NEW.answer AS BLOB)), 0) + 512)
        - (OLD.state = 'open') * (length(CAST(OLD.question AS BLOB)) + length(CAST(OLD.options AS BLOB))
          + coalesce(length(CAST(OLD.answer AS BLOB)), 0) + 512)
    WHERE name IN ('', NEW.asker, NEW.target);
END;
CREATE TRIGGER questions_forgotten AFTER DELETE ON questions BEGIN
  UPDATE stored_bytes
    SET bytes = bytes - (length(CAST(OLD.question AS BLOB)) + length(CAST(OLD.options AS BLOB))
        + coalesce(length(CAST(OLD.answer AS BLOB)), 0) + 512),
      waiting = waiting - (OLD.state = 'open') * (length(CAST(OLD.question AS BLOB))
        + length(CAST(OLD.options AS BLOB)) + coalesce(length(CAST(OLD.answer AS BLOB)), 0) + 512)
    WHERE name IN ('', OLD.asker, OLD.target);
END;

CREATE TRIGGER events_stored AFTER INSERT ON events BEGIN
  INSERT INTO stored_bytes (name, bytes, waiting)
    VALUES ('', length(CAST(NEW.data AS BLOB)) + 512, 0)
    ON CONFLICT (name) DO UPDATE SET bytes = bytes + excluded.bytes;
  INSERT INTO stored_bytes (name, bytes, waiting)
    VALUES (NEW.agent, length(CAST(NEW.data AS BLOB)) + 512, 0)
    ON CONFLICT (name) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER events_forgotten AFTER DELETE ON events BEGIN
  UPDATE stored_bytes SET bytes = bytes - (length(CAST(OLD.data AS BLOB)) + 512) WHERE name IN ('', OLD.agent);
END;
