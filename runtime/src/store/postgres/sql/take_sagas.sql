-- Of each shard it reads what is due and not more than is wanted, however many wait. It waits for who is writing one of
-- them: whoever skipped it would not know when to look again. Where leases of the shard were lost since an instance was
-- taken, it is taken anew, which is counted; who is too late to know of a lost lease counts nothing.
WITH now AS MATERIALIZED (SELECT pg_catalog.clock_timestamp() AS moment),
due AS MATERIALIZED (
  SELECT f.id, f.due_at
    FROM now CROSS JOIN unnest($2::integer[]) AS h(shard) CROSS JOIN LATERAL (
      SELECT s.id, s.due_at FROM gesta.sagas AS s
       WHERE s.saga = $1 AND s.suspect = $5 AND s.shard = h.shard AND s.due_at IS NOT NULL AND s.due_at <= now.moment
         AND s.taken BETWEEN $6::bigint AND $7::bigint AND s.id <> ALL ($3::text[])
       ORDER BY s.due_at LIMIT $4) AS f
   ORDER BY f.due_at, f.id LIMIT $4),
held AS MATERIALIZED (
  SELECT s.id, coalesce(p.lost, 0) AS lost
    FROM due JOIN gesta.sagas AS s ON s.saga = $1 AND s.id = due.id
    LEFT JOIN gesta.shards AS p ON p.subscription = $9 AND p.shard = s.shard, now
   WHERE s.due_at <= now.moment AND s.suspect = $5 AND s.taken BETWEEN $6::bigint AND $7::bigint
   ORDER BY s.id FOR NO KEY UPDATE OF s),
taken AS (
  UPDATE gesta.sagas AS s
     SET taken = s.taken + coalesce((s.seen < held.lost)::integer, 0),
         suspect = s.taken + coalesce((s.seen < held.lost)::integer, 0) >= $8::bigint,
         seen = greatest(s.seen, held.lost)
    FROM held WHERE s.saga = $1 AND s.id = held.id RETURNING s.id, s.taken, s.due_at),
next AS (
  SELECT min(f.due_at) AS at
    FROM now CROSS JOIN unnest($2::integer[]) AS h(shard) CROSS JOIN (VALUES (false), (true)) AS x(suspect)
   CROSS JOIN LATERAL (
      SELECT s.due_at FROM gesta.sagas AS s
       WHERE s.saga = $1 AND s.suspect = x.suspect AND s.shard = h.shard AND s.due_at IS NOT NULL
         AND s.due_at > now.moment
       ORDER BY s.due_at LIMIT 1) AS f)
SELECT taken.id, taken.taken, (extract(epoch FROM next.at - now.moment) * 1000000)::bigint
  FROM now CROSS JOIN next LEFT JOIN taken ON true
 ORDER BY taken.due_at, taken.id
