-- Subscriptions (all, or those in an array), their shards and their workers, in one look: each kind of row has a
-- number. A subscription comes with the time.
WITH wanted AS MATERIALIZED (
    SELECT id, name, paused FROM gesta_subscriptions
     WHERE ?1 IS NULL OR name IN (SELECT value FROM json_each(?1))
)
SELECT 0, name, id, paused, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000, NULL, NULL
  FROM wanted
UNION ALL
SELECT 1, w.name, h.shard, h.position, h.token, h.owner, h.lost
  FROM wanted w JOIN gesta_shards h ON h.subscription = w.id
UNION ALL
SELECT 2, w.name, k.until, NULL, NULL, k.worker, NULL
  FROM wanted w JOIN gesta_workers k ON k.subscription = w.id
 ORDER BY 1, 2, 3;
