INSERT INTO gesta.deliveries (subscription, position, shard, stream_id, category, stream, version, event, state, attempts,
  parked_at, tried_at, due_at, errors, decided_by, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::integer, $10,
  timestamptz 'epoch' + $11::bigint * interval '1 microsecond', timestamptz 'epoch' + $12::bigint * interval '1 microsecond',
  timestamptz 'epoch' + $13::bigint * interval '1 microsecond', $14, $15, $16)
ON CONFLICT (subscription, position, stream_id) DO UPDATE
   SET shard = excluded.shard, category = excluded.category, stream = excluded.stream, version = excluded.version,
       event = excluded.event, state = excluded.state, attempts = excluded.attempts, parked_at = excluded.parked_at,
       tried_at = excluded.tried_at, due_at = excluded.due_at, errors = excluded.errors,
       decided_by = excluded.decided_by, reason = excluded.reason
