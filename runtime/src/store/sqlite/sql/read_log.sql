-- CROSS JOIN keeps the events outside, in the order of their positions.
SELECT e.position, e.version, e.recorded_at, e.type, e.meta, e.payload, e.stream, s.category, s.name
  FROM gesta_events e CROSS JOIN gesta_streams s ON s.id = e.stream
 WHERE e.position > ?
 ORDER BY e.position
 LIMIT ?;
