INSERT INTO gesta_streams (id, key, category, name)
SELECT * FROM (VALUES {(?, ?, ?, ?)}) WHERE column1 IS NOT NULL;
