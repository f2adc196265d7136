SELECT d.subscription, d.shard, d.stream_id, d.category, d.stream, d.position, d.version, d.event, d.state, d.attempts,
       d.parked_at, d.tried_at, d.due_at, d.errors, d.decided_by, d.reason
  FROM gesta.deliveries AS d
 WHERE ($1 IS NULL OR d.subscription = $1)
   AND (pg_catalog.cardinality($2::integer[]) = 0 OR d.state = ANY ($2::integer[]))
   AND ($3::uuid IS NULL OR d.stream_id = $3)
   AND ($4::text IS NULL OR d.event = $4)
   AND ($5::bigint IS NULL OR d.position = $5)
   AND ($6::bigint IS NULL OR d.parked_at >= timestamptz 'epoch' + $6::bigint * interval '1 microsecond')
   AND ($7::bigint IS NULL OR d.parked_at < timestamptz 'epoch' + $7::bigint * interval '1 microsecond')
   AND ($8::text IS NULL OR EXISTS (SELECT FROM unnest(d.errors) AS e(text) WHERE pg_catalog.strpos(e.text, $8) > 0))
   AND ($9::text IS NULL OR (d.subscription, d.position, d.stream_id) > ($9, $10::bigint, $11::uuid))
 ORDER BY d.subscription, d.position, d.stream_id LIMIT $12
