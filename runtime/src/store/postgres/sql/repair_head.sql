UPDATE gesta.streams AS s SET version = $3
 WHERE s.stream_id = $1 AND s.version = $2
   AND $3 = (SELECT max(x.version) FROM gesta.events AS x WHERE x.stream_id = $1)
RETURNING true
