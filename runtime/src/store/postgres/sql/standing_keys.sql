SELECT e.position, n.name, coalesce(s.id, c.id), c.version, c.position, c.events
  FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) WITH ORDINALITY AS k(key, stream_id, version, i)
  LEFT JOIN gesta.streams AS h ON h.stream_id = k.stream_id
  LEFT JOIN LATERAL (
    SELECT x.position FROM gesta.events AS x
     WHERE x.stream_id = k.stream_id AND x.version = k.version AND x.position > h.base_position LIMIT 1) AS e ON true
  LEFT JOIN gesta.commands AS c ON c.key = k.key
  LEFT JOIN gesta.streams AS s ON s.stream_id = c.stream_id
  LEFT JOIN gesta.names AS n ON n.id = coalesce(s.category, c.category)
 ORDER BY k.i
