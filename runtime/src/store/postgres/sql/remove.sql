SELECT gesta.remove_v1($1), CASE WHEN $2::text IS NOT NULL THEN pg_catalog.pg_notify('gesta', $2) END
