-- The lock by which readers of the log know that positions behind it may still come: see append_v1.
SELECT pg_catalog.pg_advisory_xact_lock_shared((-9223372036854775808) | (693::bigint << 53) | $1)
