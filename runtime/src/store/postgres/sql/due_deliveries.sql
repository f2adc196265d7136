-- A head that waits has been due since it was parked: what it waited behind is gone.
SELECT d.subscription, d.shard, d.stream_id, d.category, d.stream, d.position, d.version, d.event, d.state, d.attempts,
       d.parked_at, d.tried_at, d.due_at, d.errors, d.decided_by, d.reason
  FROM gesta.heads_v1($1, $2) AS h
  JOIN gesta.deliveries AS d ON d.subscription = $1 AND d.position = h.head_position AND d.stream_id = h.head_stream
 WHERE d.state = 0 OR (d.state = 1 AND d.due_at <= pg_catalog.clock_timestamp())
 ORDER BY CASE WHEN d.state = 1 THEN d.due_at ELSE d.parked_at END, d.position LIMIT $3
