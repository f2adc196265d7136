WITH now AS MATERIALIZED (SELECT pg_catalog.clock_timestamp() AS moment),
due AS (
  SELECT f.*
    FROM now CROSS JOIN unnest($2::integer[]) AS h(shard) CROSS JOIN LATERAL (
      SELECT t.stream_id, t.category, t.stream, t.name, t.armed, t.shard, t.due_at FROM gesta.timers AS t
       WHERE t.category = $1 AND t.shard = h.shard AND t.due_at <= now.moment
       ORDER BY t.due_at LIMIT $3) AS f
   ORDER BY f.due_at, f.stream_id, f.name LIMIT $3),
next AS (
  SELECT min(f.due_at) AS at
    FROM now CROSS JOIN unnest($2::integer[]) AS h(shard) CROSS JOIN LATERAL (
      SELECT t.due_at FROM gesta.timers AS t
       WHERE t.category = $1 AND t.shard = h.shard AND t.due_at > now.moment
       ORDER BY t.due_at LIMIT 1) AS f)
SELECT due.stream_id, due.category, due.stream, due.name, due.armed, due.shard, due.due_at,
       (extract(epoch FROM next.at - now.moment) * 1000000)::bigint
  FROM now CROSS JOIN next LEFT JOIN due ON true
 ORDER BY due.due_at, due.stream_id, due.name
