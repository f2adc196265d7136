INSERT INTO gesta_documents (collection, key, revision, body)
SELECT * FROM (VALUES {(?, ?, ?, ?)}) WHERE column1 IS NOT NULL
    ON CONFLICT (collection, key) DO UPDATE SET revision = excluded.revision, body = excluded.body;
