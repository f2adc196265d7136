-- In the order in which every batch locks them.
SELECT count(*) FROM (
  SELECT FROM gesta.streams AS s WHERE s.stream_id = ANY ($1) ORDER BY s.stream_id FOR NO KEY UPDATE) AS locked
