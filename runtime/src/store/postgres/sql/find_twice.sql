SELECT x.version, count(*) FROM gesta.events AS x WHERE x.stream_id = $1
 GROUP BY x.version HAVING count(*) > 1 ORDER BY 1 LIMIT $2
