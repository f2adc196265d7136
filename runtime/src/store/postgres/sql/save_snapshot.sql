INSERT INTO gesta.snapshots AS kept (stream_id, version, position, fingerprint, saved_at, state)
VALUES ($1, $2, $3, $4, pg_catalog.clock_timestamp(), $5)
ON CONFLICT (stream_id) DO UPDATE
   SET version = excluded.version, position = excluded.position, fingerprint = excluded.fingerprint,
       saved_at = excluded.saved_at, state = excluded.state
 WHERE kept.fingerprint <> excluded.fingerprint OR kept.version < excluded.version
