SELECT saga, id, shard, status, step, attempts, taken, due_at, error, version, fingerprint, started_at, updated_at
  FROM gesta_sagas
 WHERE TRUE
