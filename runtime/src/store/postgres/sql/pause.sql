SELECT gesta.pause_v1($1, $2), CASE WHEN $3::text IS NOT NULL THEN pg_catalog.pg_notify('gesta', $3) END
