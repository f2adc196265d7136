WITH held AS (
  SELECT s.stream_id FROM unnest($1::uuid[]) AS w(stream_id) JOIN gesta.streams AS s ON s.stream_id = w.stream_id
   ORDER BY s.stream_id FOR NO KEY UPDATE OF s)
UPDATE gesta.streams AS s SET version = n.after
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS n(stream_id, before, after)
 WHERE s.stream_id = n.stream_id AND s.version = n.before AND NOT s.closed
   AND (SELECT count(*) FROM held) >= 0
RETURNING s.stream_id
