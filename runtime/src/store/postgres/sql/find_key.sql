SELECT n.name, coalesce(s.id, c.id), c.version, c.position, c.events
  FROM gesta.commands AS c
  LEFT JOIN gesta.streams AS s ON s.stream_id = c.stream_id
  JOIN gesta.names AS n ON n.id = coalesce(s.category, c.category)
 WHERE c.key = $1
