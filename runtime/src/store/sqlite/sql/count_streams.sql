-- One that has a key and no event is none.
SELECT category, count(*) FROM gesta_streams AS s
 WHERE EXISTS (SELECT 1 FROM gesta_events WHERE stream = s.id)
 GROUP BY category
 ORDER BY category;
