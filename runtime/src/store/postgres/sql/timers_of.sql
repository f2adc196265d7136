SELECT t.stream_id, t.category, t.stream, t.name, t.armed, t.shard, t.due_at
  FROM gesta.timers AS t WHERE t.stream_id = $1 ORDER BY t.name
