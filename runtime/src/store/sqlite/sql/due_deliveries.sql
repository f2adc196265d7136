-- From stream to stream, without a look at what waits behind the heads.
WITH RECURSIVE streams (stream) AS (
    SELECT min(stream) FROM gesta_deliveries WHERE subscription = ?1 AND state <> 4
    UNION ALL
    SELECT (SELECT min(d.stream) FROM gesta_deliveries d
             WHERE d.subscription = ?1 AND d.stream > streams.stream AND d.state <> 4)
      FROM streams WHERE streams.stream IS NOT NULL
)
SELECT d.subscription, d.shard, d.stream, d.category, d.name, d.position, d.version, d.event, d.state, d.attempts,
       d.parked_at, d.tried_at, d.due_at, d.errors, d.decided_by, d.reason
  FROM streams CROSS JOIN gesta_deliveries d
    ON d.subscription = ?1 AND d.stream = streams.stream
   AND d.position = (SELECT min(e.position) FROM gesta_deliveries e
                      WHERE e.subscription = ?1 AND e.stream = streams.stream AND e.state <> 4)
 WHERE d.shard IN (SELECT value FROM json_each(?2))
   AND (d.state = 0 OR d.state = 1 AND d.due_at <= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)
 ORDER BY CASE d.state WHEN 0 THEN d.parked_at ELSE d.due_at END, d.position
 LIMIT ?3;
