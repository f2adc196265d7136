-- What is due by ?3 in some shards: of each shard no more than are asked for, so that a crowd costs nothing.
SELECT t.stream, t.category, t.id, t.name, t.armed, t.shard, t.due_at
  FROM json_each(?2) AS own
 CROSS JOIN gesta_timers t
    ON t.rowid IN (SELECT d.rowid
                     FROM gesta_timers d
                    WHERE d.category = ?1 AND d.shard = own.value AND d.due_at <= ?3
                    ORDER BY d.due_at
                    LIMIT ?4)
 ORDER BY t.due_at, t.id, t.name
 LIMIT ?4;
