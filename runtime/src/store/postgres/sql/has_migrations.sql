SELECT pg_catalog.to_regclass('gesta.migrations') IS NOT NULL
