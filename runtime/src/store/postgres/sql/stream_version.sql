SELECT coalesce((SELECT s.version FROM gesta.streams AS s WHERE s.stream_id = $1), 0)
