-- To retry ($12 = 1) begins the attempts anew; nothing else has a time at which it is tried again.
WITH meant AS MATERIALIZED (
  SELECT d.subscription, d.position, d.stream_id FROM gesta.deliveries AS d
 WHERE d.state IN (1, 2, 3)
   AND ($1 IS NULL OR d.subscription = $1)
   AND (pg_catalog.cardinality($2::integer[]) = 0 OR d.state = ANY ($2::integer[]))
   AND ($3::uuid IS NULL OR d.stream_id = $3)
   AND ($4::text IS NULL OR d.event = $4)
   AND ($5::bigint IS NULL OR d.position = $5)
   AND ($6::bigint IS NULL OR d.parked_at >= timestamptz 'epoch' + $6::bigint * interval '1 microsecond')
   AND ($7::bigint IS NULL OR d.parked_at < timestamptz 'epoch' + $7::bigint * interval '1 microsecond')
   AND ($8::text IS NULL OR EXISTS (SELECT FROM unnest(d.errors) AS e(text) WHERE pg_catalog.strpos(e.text, $8) > 0))
   AND ($9::text IS NULL OR (d.subscription, d.position, d.stream_id) > ($9, $10::bigint, $11::uuid))
 ORDER BY d.subscription, d.position, d.stream_id FOR UPDATE),
decided AS (
UPDATE gesta.deliveries AS d
   SET state = $12, attempts = CASE WHEN $12 = 1 THEN 0 ELSE d.attempts END,
       due_at = CASE WHEN $12 = 1 THEN pg_catalog.clock_timestamp() + $13::bigint * interval '1 microsecond' END,
       decided_by = $14, reason = $15
  FROM meant AS m WHERE d.subscription = m.subscription AND d.position = m.position AND d.stream_id = m.stream_id RETURNING 1)
SELECT count(*) FROM decided
