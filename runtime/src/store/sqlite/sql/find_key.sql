SELECT s.category, s.name, k.version, k.position, k.events
  FROM gesta_keys k JOIN gesta_streams s ON s.id = k.stream
 WHERE k.key = ?;
