DELETE FROM gesta_documents WHERE collection = ?1;
DELETE FROM gesta_document_indexes WHERE collection = ?1;
