SELECT asked.column1, s.id, (SELECT coalesce(max(version), 0) FROM gesta_events WHERE stream = s.id)
  FROM (