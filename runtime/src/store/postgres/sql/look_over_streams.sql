SELECT s.stream_id, c.name, s.id, s.version, s.base_position, e.events, e.first_position, e.last_version, e.disordered
  FROM (SELECT * FROM gesta.streams AS a WHERE $1::uuid IS NULL OR a.stream_id > $1::uuid
         ORDER BY a.stream_id LIMIT $2) AS s
  LEFT JOIN gesta.names AS c ON c.id = s.category
  CROSS JOIN LATERAL (
    SELECT count(*) AS events, coalesce(min(o.position), 0) AS first_position, coalesce(max(o.version), 0) AS last_version,
           count(*) FILTER (WHERE o.position <= o.before) AS disordered
      FROM (SELECT x.version, x.position, lag(x.position) OVER (ORDER BY x.version) AS before
              FROM gesta.events AS x WHERE x.stream_id = s.stream_id) AS o) AS e
 ORDER BY s.stream_id
