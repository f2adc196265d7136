UPDATE gesta.streams AS s SET base_position = $3 WHERE s.stream_id = $1 AND s.base_position = $2 RETURNING true
