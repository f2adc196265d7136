SELECT t.name, t.version, e.events, e.bytes, e.first_at, e.last_at, e.last
  FROM (SELECT type, count(*) AS events, sum(bytes) AS bytes, min(recorded_at) AS first_at, max(recorded_at) AS last_at,
               max(position) AS last
          FROM (SELECT position, type, recorded_at, length(payload) AS bytes
                  FROM gesta_events WHERE position > ? ORDER BY position LIMIT ?)
         GROUP BY type) e
  LEFT JOIN gesta_types t ON t.id = e.type;
