-- Events of some types in streams of some categories, among the newest behind a position. The last row tells whether
-- there are more behind it.
WITH meant AS MATERIALIZED (
  SELECT t.id AS type_id, c.id AS category_id, a.category, a.name, a.above, a.after
    FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[]) AS a(category, name, above, after)
    JOIN gesta.names AS t ON t.kind = 2 AND t.name = a.name
    JOIN gesta.names AS c ON c.kind = 1 AND c.name = a.category),
looked_at AS MATERIALIZED (
  SELECT e.position, e.type_id, e.type_version, e.stream_id FROM gesta.events AS e
   WHERE e.position > $5 ORDER BY e.position DESC LIMIT $6),
found AS (
  SELECT DISTINCT e.position, m.category, m.name, e.type_version
    FROM looked_at AS e
    JOIN meant AS m ON m.type_id = e.type_id AND e.type_version > m.above AND e.position > m.after
    JOIN gesta.streams AS s ON s.stream_id = e.stream_id AND s.category = m.category_id)
SELECT f.category, f.name, f.type_version, count(*) FROM found AS f GROUP BY f.category, f.name, f.type_version
UNION ALL
SELECT NULL, NULL, NULL,
       (SELECT count(*) FROM (SELECT FROM gesta.events AS e
                               WHERE e.position > $5
                                 AND e.position < coalesce((SELECT min(l.position) FROM looked_at AS l), 9223372036854775807)
                               LIMIT 1) AS more)
