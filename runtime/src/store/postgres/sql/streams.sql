SELECT stream_id, category, id FROM gesta.streams WHERE stream_id = ANY($1)
