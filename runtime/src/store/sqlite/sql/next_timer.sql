-- The time, and when the next timer of a category in some shards is due after it.
WITH clock (now) AS MATERIALIZED (SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)
SELECT now,
       (SELECT min((SELECT min(t.due_at)
                      FROM gesta_timers t
                     WHERE t.category = ?1 AND t.shard = own.value AND t.due_at > clock.now))
          FROM json_each(?2) AS own)
  FROM clock;
