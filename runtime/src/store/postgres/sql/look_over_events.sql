SELECT e.position, e.version, e.meta, e.payload, c.name, s.id, t.name
  FROM (SELECT * FROM gesta.events AS x WHERE x.position > $1 ORDER BY x.position LIMIT $2) AS e
  LEFT JOIN gesta.streams AS s ON s.stream_id = e.stream_id
  LEFT JOIN gesta.names AS c ON c.id = s.category
  LEFT JOIN gesta.names AS t ON t.id = e.type_id
 ORDER BY e.position
