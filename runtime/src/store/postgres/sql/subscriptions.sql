-- Without a subscription's name, all of them.
SELECT b.name, b.paused, s.shard, s.position, s.token,
       CASE WHEN s.leased_until > m.moment THEN s.owner END,
       CASE WHEN pg_catalog.isfinite(s.leased_until) THEN s.leased_until END
  FROM (SELECT pg_catalog.clock_timestamp() AS moment) AS m, gesta.subscriptions AS b
  LEFT JOIN gesta.shards AS s ON s.subscription = b.name
 WHERE b.name = $1 OR $1 IS NULL
 ORDER BY b.name, s.shard
