SELECT k.key, k.text, k.stream_id, n.name, coalesce(s.id, k.id), k.version, k.position, k.events
  FROM (SELECT * FROM gesta.commands AS a WHERE $1::uuid IS NULL OR a.key > $1::uuid ORDER BY a.key LIMIT $2) AS k
  LEFT JOIN gesta.streams AS s ON s.stream_id = k.stream_id
  LEFT JOIN gesta.names AS n ON n.id = coalesce(s.category, k.category)
 ORDER BY k.key
