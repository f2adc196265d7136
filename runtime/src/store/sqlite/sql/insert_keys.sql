INSERT INTO gesta_keys (key, stream, version, position, events)
SELECT * FROM (VALUES {(?, ?, ?, ?, ?)}) WHERE column1 IS NOT NULL;
