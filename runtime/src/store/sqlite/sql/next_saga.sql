-- The time, and when the next instance of a saga in some shards is due after it.
WITH clock (now) AS MATERIALIZED (SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)
SELECT now,
       (SELECT min((SELECT min(s.due_at)
                      FROM gesta_sagas s
                     WHERE s.saga = ?1 AND s.shard = own.value AND s.due_at > clock.now))
          FROM json_each(?2) AS own)
  FROM clock;
