-- One instance, by its key: a plan for any filter would go through all of them.
SELECT s.saga, s.id, s.shard, s.status, s.step, s.attempts, s.taken, s.due_at, s.error, s.definition, s.fingerprint,
       s.started_at, s.updated_at
  FROM gesta.sagas AS s
 WHERE s.saga = $1::text AND s.id = $2::text
   AND (pg_catalog.cardinality($3::integer[]) = 0 OR s.status = ANY ($3::integer[]))
   AND ($4::text IS NULL OR s.step = $4)
   AND ($5::text IS NULL OR pg_catalog.strpos(s.error, $5) > 0)
   AND ($6::bigint IS NULL OR s.started_at < timestamptz 'epoch' + $6::bigint * interval '1 microsecond')
   AND ($7::bigint IS NULL OR s.updated_at < timestamptz 'epoch' + $7::bigint * interval '1 microsecond')
   AND ($8::text IS NULL OR (s.saga, s.id) > ($8, $9::text))
 ORDER BY s.saga, s.id LIMIT $10
