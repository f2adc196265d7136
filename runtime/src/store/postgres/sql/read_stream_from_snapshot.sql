-- The snapshot comes as a row without a type, and before the events: children of an append run in order.
WITH kept AS MATERIALIZED (
  SELECT version, position, saved_at, state FROM gesta.snapshots
   WHERE stream_id = $1 AND version > $2 AND fingerprint = $4)
SELECT position, version, saved_at, NULL::integer, NULL::integer, NULL::bytea, state FROM kept
UNION ALL
(SELECT e.position, e.version, e.recorded_at, e.type_id, e.type_version, e.meta, e.payload
   FROM gesta.events AS e
  WHERE e.stream_id = $1 AND e.version > coalesce((SELECT version FROM kept), $2)
    AND e.position > (SELECT s.base_position FROM gesta.streams AS s WHERE s.stream_id = $1)
  ORDER BY e.version LIMIT $3)
