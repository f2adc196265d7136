INSERT INTO gesta_events (position, stream, version, recorded_at, type, meta, payload)
SELECT * FROM (VALUES {(?, ?, ?, ?, ?, ?, ?)}) WHERE column1 IS NOT NULL;
