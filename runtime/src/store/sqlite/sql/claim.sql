-- The worker, its subscriptions, until when its leases are good, the time, and the shards that it takes with their tokens.
DELETE FROM gesta_workers WHERE until <= ?4 AND subscription IN (SELECT value FROM json_each(?2));
INSERT INTO gesta_workers (subscription, worker, until)
SELECT value, ?1, ?3 FROM json_each(?2) WHERE TRUE
    ON CONFLICT (subscription, worker) DO UPDATE SET until = excluded.until;
-- Who has an owner still was not given back.
UPDATE gesta_shards SET owner = ?1, token = taken.value ->> 2, lost = lost + (owner IS NOT NULL)
  FROM json_each(?5) AS taken
 WHERE gesta_shards.subscription = taken.value ->> 0 AND gesta_shards.shard = taken.value ->> 1;
