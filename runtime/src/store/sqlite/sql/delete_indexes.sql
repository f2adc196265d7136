DELETE FROM gesta_document_indexes WHERE (collection, key) IN (VALUES {(?, ?)});
