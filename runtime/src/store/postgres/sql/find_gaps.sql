SELECT g.version + 1, g.later - 1
  FROM (SELECT v.version, lead(v.version) OVER (ORDER BY v.version) AS later
          FROM (SELECT 0::bigint AS version UNION ALL
                SELECT x.version FROM gesta.events AS x WHERE x.stream_id = $1) AS v) AS g
 WHERE g.later > g.version + 1 ORDER BY 1 LIMIT $2
