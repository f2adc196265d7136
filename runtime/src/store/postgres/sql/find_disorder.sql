SELECT o.version, o.position
  FROM (SELECT x.version, x.position, lag(x.position) OVER (ORDER BY x.version) AS before
          FROM gesta.events AS x WHERE x.stream_id = $1) AS o
 WHERE o.position <= o.before ORDER BY 1 LIMIT $2
