SELECT n.stream, s.category || '/' || s.name, n.version, n.position, n.fingerprint, n.state, e.position
  FROM (SELECT stream, version, position, fingerprint, state FROM gesta_snapshots
         WHERE stream > ? ORDER BY stream LIMIT ?) n
  LEFT JOIN gesta_streams s ON s.key = n.stream
  LEFT JOIN gesta_events e ON e.stream = s.id AND e.version = n.version
 ORDER BY n.stream;
