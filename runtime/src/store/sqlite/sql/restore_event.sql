INSERT INTO gesta_events (position, stream, version, recorded_at, type, meta, payload)
VALUES (?1, ?2, ?3, ?4, (SELECT id FROM gesta_types WHERE name = ?5 AND version = ?6), ?7, ?8);
