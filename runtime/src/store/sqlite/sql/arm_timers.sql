INSERT INTO gesta_timers (stream, name, category, id, armed, shard, due_at)
SELECT * FROM (VALUES {(?, ?, ?, ?, ?, ?, ?)}) WHERE column1 IS NOT NULL
    ON CONFLICT (stream, name) DO UPDATE
   SET armed = excluded.armed, shard = excluded.shard, due_at = excluded.due_at;
