DELETE FROM gesta.snapshots AS n WHERE n.stream_id = $1 AND n.version = $2 AND n.fingerprint = $3 RETURNING true
