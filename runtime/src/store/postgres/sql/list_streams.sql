-- The last event is looked up only for those that pass.
SELECT s.stream_id, s.category, s.id, s.version, e.position, e.recorded_at, s.passes
  FROM (SELECT h.stream_id, c.name AS category, h.id, h.version, h.base_position,
               ($2::text IS NULL OR c.name = $2) AND ($3::text IS NULL OR starts_with(h.id, $3)) AS passes
          FROM (SELECT * FROM gesta.streams AS a WHERE $1::uuid IS NULL OR a.stream_id > $1::uuid
                 ORDER BY a.stream_id LIMIT $4) AS h
          JOIN gesta.names AS c ON c.id = h.category) AS s
  LEFT JOIN LATERAL (
    SELECT x.position, x.recorded_at FROM gesta.events AS x
     WHERE s.passes AND x.stream_id = s.stream_id AND x.version = s.version AND x.position > s.base_position
     LIMIT 1) AS e ON true
 ORDER BY s.stream_id
