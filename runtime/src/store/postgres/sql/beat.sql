UPDATE gesta.fleet AS f SET good_until = pg_catalog.clock_timestamp() + $2::bigint * interval '1 microsecond' WHERE f.member = $1 RETURNING true
