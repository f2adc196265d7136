-- Whole pages of the log, by chance, about as many as have so many events.
SELECT coalesce(t.name, '(a type without a name)'), e.type_version, e.events, e.bytes, e.first_at, e.last_at, e.last
  FROM (SELECT x.type_id, x.type_version, count(*) AS events, sum(octet_length(x.payload))::bigint AS bytes,
               min(x.recorded_at) AS first_at, max(x.recorded_at) AS last_at, max(x.position) AS last
          FROM gesta.events AS x
         TABLESAMPLE SYSTEM (least(100, $1::bigint * 100.0 / greatest($2::bigint, 1))::real)
         GROUP BY x.type_id, x.type_version) AS e
  LEFT JOIN gesta.names AS t ON t.id = e.type_id
