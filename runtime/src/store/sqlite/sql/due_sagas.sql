-- What is due by ?3 in some shards: of each shard no more than are asked for, so that a crowd costs nothing. ?4 are the
-- instances that are left out; ?5 is whether those are wanted that were taken ?6 times or more.
SELECT s.rowid, s.id, s.taken
  FROM json_each(?2) AS own
 CROSS JOIN gesta_sagas s
    ON s.rowid IN (SELECT d.rowid
                     FROM gesta_sagas d
                    WHERE d.saga = ?1 AND d.shard = own.value AND d.due_at <= ?3
                      AND d.id NOT IN (SELECT value FROM json_each(?4))
                      AND (d.taken >= ?6) = ?5
                    ORDER BY d.due_at
                    LIMIT ?7)
 ORDER BY s.due_at, s.id
 LIMIT ?7;
