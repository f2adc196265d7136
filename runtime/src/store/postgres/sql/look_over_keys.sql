SELECT k.key, k.text, c.name || '/' || s.id, k.version, k.position, k.events,
       (SELECT min(x.position) FROM gesta.events AS x WHERE x.stream_id = k.stream_id AND x.version = k.version)
  FROM (SELECT * FROM gesta.commands AS a WHERE $1::uuid IS NULL OR a.key > $1::uuid ORDER BY a.key LIMIT $2) AS k
  LEFT JOIN gesta.streams AS s ON s.stream_id = k.stream_id
  LEFT JOIN gesta.names AS c ON c.id = s.category
 ORDER BY k.key
