-- Where a stream ends is looked up only for those that pass.
SELECT s.key, s.category, s.name, e.version, e.position, e.recorded_at
  FROM (SELECT id, key, category, name,
               (?2 IS NULL OR category = ?2) AND (?3 IS NULL OR substr(name, 1, length(?3)) = ?3) AS passes
          FROM gesta_streams WHERE key > ?1 ORDER BY key LIMIT ?4) s
  LEFT JOIN gesta_events e
    ON s.passes AND e.stream = s.id AND e.version = (SELECT max(version) FROM gesta_events WHERE stream = s.id)
 ORDER BY s.key;
