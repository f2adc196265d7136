SELECT position, version, recorded_at, type, meta, payload
  FROM gesta_events
 WHERE stream = (SELECT id FROM gesta_streams WHERE key = ?) AND version > ?
 ORDER BY version
 LIMIT ?;
