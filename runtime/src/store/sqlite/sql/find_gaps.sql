SELECT version + 1, later - 1
  FROM (SELECT version, lead(version) OVER (ORDER BY version) AS later
          FROM (SELECT 0 AS version UNION ALL
                SELECT version FROM gesta_events WHERE stream = (SELECT id FROM gesta_streams WHERE key = ?)))
 WHERE later > version + 1
 LIMIT ?;
