-- Without a subscription's name, all of them.
SELECT b.name, b.paused, s.shard, s.position, s.token,
       CASE WHEN greatest(s.taken_until, w.good_until) > m.moment THEN s.owner END,
       CASE WHEN s.owner IS NOT NULL THEN greatest(s.taken_until, w.good_until) END
  FROM (SELECT pg_catalog.clock_timestamp() AS moment) AS m, gesta.subscriptions AS b
  LEFT JOIN gesta.shards AS s ON s.subscription = b.name
  LEFT JOIN gesta.workers AS w ON w.subscription = s.subscription AND w.worker = s.owner
 WHERE b.name = $1 OR $1 IS NULL
 ORDER BY b.name, s.shard
