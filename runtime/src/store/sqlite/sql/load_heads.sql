-- Where the streams end, which the index of the events knows by itself.
SELECT 1, s.id, s.key, coalesce(e.version, 0), coalesce(e.position, 0)
  FROM gesta_streams s
  LEFT JOIN gesta_events e
    ON e.stream = s.id AND e.version = (SELECT max(version) FROM gesta_events WHERE stream = s.id)
 WHERE s.key IN ({?});
