-- Most values stay what they were.
INSERT INTO gesta_document_indexes AS kept (collection, key, name, value)
SELECT * FROM (VALUES {(?, ?, ?, ?)}) WHERE column1 IS NOT NULL
    ON CONFLICT (collection, key, name) DO UPDATE SET value = excluded.value WHERE excluded.value <> kept.value;
