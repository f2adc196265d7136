INSERT INTO gesta_streams (id, key, category, name, version, position)
SELECT * FROM (VALUES {(?, ?, ?, ?, ?, ?)}) WHERE column1 IS NOT NULL
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, position = excluded.position;
