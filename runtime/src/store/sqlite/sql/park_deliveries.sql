-- What is there is replaced by the next attempt alone, and not once somebody has decided about it.
INSERT INTO gesta_deliveries AS kept
       (subscription, position, shard, stream, category, name, version, event, state, attempts, parked_at, tried_at,
        due_at, errors)
SELECT * FROM (VALUES {(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}) WHERE column1 IS NOT NULL
    ON CONFLICT (subscription, position, stream) DO UPDATE
   SET shard = excluded.shard,
       category = excluded.category,
       name = excluded.name,
       version = excluded.version,
       event = excluded.event,
       state = excluded.state,
       attempts = excluded.attempts,
       tried_at = excluded.tried_at,
       due_at = excluded.due_at,
       errors = excluded.errors
 WHERE kept.state IN (0, 1) AND excluded.attempts = kept.attempts + 1;
