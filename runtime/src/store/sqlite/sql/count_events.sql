-- Events of some types in streams of some categories, among the newest behind a position. Each that is meant: the number
-- of its type, the position that it must be behind, and a category. The last row tells whether
-- there are more behind it.
WITH meant AS MATERIALIZED (
    SELECT t.id AS type, o.value ->> 2 AS category, t.name, t.version, min(o.value ->> 3) AS after
      FROM json_each(?1) o
      JOIN gesta_types t ON t.name = o.value ->> 0 AND t.version > o.value ->> 1
     GROUP BY t.id, o.value ->> 2
),
looked_at AS MATERIALIZED (
    SELECT e.position, e.type, e.stream FROM gesta_events e WHERE e.position > ?2 ORDER BY e.position DESC LIMIT ?3
)
SELECT s.category, m.name, m.version, count(*)
  FROM looked_at e
  JOIN meant m ON m.type = e.type AND e.position > m.after
  JOIN gesta_streams s ON s.id = e.stream AND s.category = m.category
 GROUP BY s.category, m.name, m.version
UNION ALL
SELECT NULL, NULL, NULL,
       EXISTS (SELECT 1 FROM gesta_events e
                WHERE e.position > ?2
                  AND e.position < coalesce((SELECT min(l.position) FROM looked_at l), 9223372036854775807));
