SELECT k.key, s.key, s.category, s.name, k.version, k.position, k.events
  FROM (SELECT key, stream, version, position, events FROM gesta_keys WHERE key >= ? ORDER BY key LIMIT ?) k
  LEFT JOIN gesta_streams s ON s.id = k.stream
 ORDER BY k.key;
