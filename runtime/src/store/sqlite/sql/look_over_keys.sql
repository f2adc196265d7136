SELECT k.key, s.category || '/' || s.name, k.version, k.position, k.events, e.position
  FROM (SELECT key, stream, version, position, events FROM gesta_keys WHERE key > ? ORDER BY key LIMIT ?) k
  LEFT JOIN gesta_streams s ON s.id = k.stream
  LEFT JOIN gesta_events e ON e.stream = k.stream AND e.version = k.version
 ORDER BY k.key;
