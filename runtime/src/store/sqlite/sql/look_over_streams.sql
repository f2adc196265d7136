-- The index of the events has all that is asked for.
SELECT key, category, name, count(version), coalesce(min(position), 0), coalesce(max(version), 0),
       coalesce(sum(position <= before), 0)
  FROM (SELECT s.key, s.category, s.name, e.version, e.position,
               lag(e.position) OVER (PARTITION BY s.id ORDER BY e.version) AS before
          FROM (SELECT id, key, category, name FROM gesta_streams WHERE key > ? ORDER BY key LIMIT ?) s
          LEFT JOIN gesta_events e ON e.stream = s.id)
 GROUP BY key
 ORDER BY key;
