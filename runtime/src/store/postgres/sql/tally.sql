SELECT coalesce(t.name, '(a type without a name)'), e.type_version, e.events, e.bytes, e.first_at, e.last_at, e.last
  FROM (SELECT p.type_id, p.type_version, count(*) AS events, sum(p.bytes)::bigint AS bytes,
               min(p.recorded_at) AS first_at, max(p.recorded_at) AS last_at, max(p.position) AS last
          FROM (SELECT x.position, x.type_id, x.type_version, x.recorded_at, octet_length(x.payload) AS bytes
                  FROM gesta.events AS x WHERE x.position > $1 ORDER BY x.position LIMIT $2) AS p
         GROUP BY p.type_id, p.type_version) AS e
  LEFT JOIN gesta.names AS t ON t.id = e.type_id
