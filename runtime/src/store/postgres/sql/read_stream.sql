SELECT e.position, e.version, e.recorded_at, e.type_id, e.type_version, e.meta, e.payload
  FROM gesta.events AS e
 WHERE e.stream_id = $1 AND e.version > $2
   AND e.position > (SELECT s.base_position FROM gesta.streams AS s WHERE s.stream_id = $1)
 ORDER BY e.version LIMIT $3
