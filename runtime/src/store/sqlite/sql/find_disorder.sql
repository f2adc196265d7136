SELECT version, position
  FROM (SELECT version, position, lag(position) OVER (ORDER BY version) AS before
          FROM gesta_events WHERE stream = (SELECT id FROM gesta_streams WHERE key = ?))
 WHERE position <= before
 LIMIT ?;
