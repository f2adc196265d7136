SELECT gesta.release_v1($1, $2, $3, $4), CASE WHEN $5::text IS NOT NULL THEN pg_catalog.pg_notify('gesta', $5) END
