SELECT d.stream_id, d.category, d.stream
  FROM gesta.heads_v1($1, $2) AS h
  JOIN gesta.deliveries AS d ON d.subscription = $1 AND d.position = h.head_position AND d.stream_id = h.head_stream
