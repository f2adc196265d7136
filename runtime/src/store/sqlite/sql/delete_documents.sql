DELETE FROM gesta_documents WHERE (collection, key) IN (VALUES {(?, ?)});
