SELECT n.stream_id, c.name, s.id, n.version, n.position, n.fingerprint, n.state
  FROM (SELECT * FROM gesta.snapshots AS a WHERE $1::uuid IS NULL OR a.stream_id > $1::uuid
         ORDER BY a.stream_id LIMIT $2) AS n
  LEFT JOIN gesta.streams AS s ON s.stream_id = n.stream_id
  LEFT JOIN gesta.names AS c ON c.id = s.category
 ORDER BY n.stream_id
