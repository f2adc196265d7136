SELECT s.id, e.position
  FROM (SELECT ?1 AS key) a
  LEFT JOIN gesta_streams s ON s.key = a.key
  LEFT JOIN gesta_events e ON e.stream = s.id AND e.version = ?2;
