-- The shard and the time of the start stay what they were; who has come further was not taken yet.
INSERT INTO gesta_sagas
       (saga, id, shard, status, step, attempts, taken, due_at, error, version, fingerprint, started_at, updated_at)
SELECT * FROM (VALUES {(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}) WHERE column1 IS NOT NULL
    ON CONFLICT (saga, id) DO UPDATE
   SET status = excluded.status,
       step = excluded.step,
       attempts = excluded.attempts,
       taken = excluded.taken,
       seen = NULL,
       due_at = excluded.due_at,
       error = excluded.error,
       version = excluded.version,
       fingerprint = excluded.fingerprint,
       updated_at = excluded.updated_at;
