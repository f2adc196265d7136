INSERT INTO gesta_snapshots AS kept (stream, version, position, fingerprint, state) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (stream) DO UPDATE
   SET version = excluded.version,
       position = excluded.position,
       fingerprint = excluded.fingerprint,
       state = excluded.state
 WHERE excluded.fingerprint <> kept.fingerprint OR excluded.version > kept.version;
