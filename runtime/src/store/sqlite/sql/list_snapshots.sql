SELECT n.stream, s.category, s.name, n.version, n.position, n.fingerprint, n.state
  FROM (SELECT stream, version, position, fingerprint, state FROM gesta_snapshots
         WHERE stream > ? ORDER BY stream LIMIT ?) n
  LEFT JOIN gesta_streams s ON s.key = n.stream
 ORDER BY n.stream;
