WITH RECURSIVE streams (stream) AS (
    SELECT min(stream) FROM gesta_deliveries WHERE subscription = ?1 AND state <> 4
    UNION ALL
    SELECT (SELECT min(d.stream) FROM gesta_deliveries d
             WHERE d.subscription = ?1 AND d.stream > streams.stream AND d.state <> 4)
      FROM streams WHERE streams.stream IS NOT NULL
)
SELECT d.category, d.name
  FROM streams CROSS JOIN gesta_deliveries d
    ON d.subscription = ?1 AND d.stream = streams.stream
   AND d.position = (SELECT min(e.position) FROM gesta_deliveries e
                      WHERE e.subscription = ?1 AND e.stream = streams.stream AND e.state <> 4)
 WHERE d.shard IN (SELECT value FROM json_each(?2));
