-- What is due by ?3 in some shards: of each shard no more than are asked for, so that a crowd costs nothing. ?4 are the
-- instances that are left out; those are wanted that were taken anew from ?5 to ?6 times. With each comes how many leases
-- of its shard in the subscription ?8 were lost, when it was taken last and by now.
SELECT s.rowid, s.id, s.taken, s.seen,
       coalesce((SELECT p.lost
                   FROM gesta_subscriptions b
                   JOIN gesta_shards p ON p.subscription = b.id
                  WHERE b.name = ?8 AND p.shard = s.shard), 0)
  FROM json_each(?2) AS own
 CROSS JOIN gesta_sagas s
    ON s.rowid IN (SELECT d.rowid
                     FROM gesta_sagas d
                    WHERE d.saga = ?1 AND d.shard = own.value AND d.due_at <= ?3
                      AND d.id NOT IN (SELECT value FROM json_each(?4))
                      AND d.taken BETWEEN ?5 AND ?6
                    ORDER BY d.due_at
                    LIMIT ?7)
 ORDER BY s.due_at, s.id
 LIMIT ?7;
