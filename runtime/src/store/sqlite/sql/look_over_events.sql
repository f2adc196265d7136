SELECT e.position, e.version, e.meta, e.payload, s.category, s.name, t.name
  FROM (SELECT position, stream, version, type, meta, payload FROM gesta_events
         WHERE position > ? ORDER BY position LIMIT ?) e
  LEFT JOIN gesta_streams s ON s.id = e.stream
  LEFT JOIN gesta_types t ON t.id = e.type
 ORDER BY e.position;
