SELECT stream, category, id, name, armed, shard, due_at FROM gesta_timers WHERE stream = ? ORDER BY name;
