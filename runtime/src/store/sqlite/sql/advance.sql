-- The number of the first shard that is not the worker's any more or not where it was, then the time; if there is
-- none, all of them are moved. An advance is an array: subscription, shard, token, from, to.
SELECT (SELECT min(given.key)
          FROM json_each(?1) AS given
         WHERE NOT EXISTS (SELECT 1
                             FROM gesta_subscriptions s JOIN gesta_shards h ON h.subscription = s.id
                            WHERE s.name = given.value ->> 0
                              AND h.shard = given.value ->> 1
                              AND h.token = given.value ->> 2
                              AND h.position = given.value ->> 3
                              AND h.owner IS NOT NULL)),
       CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000;
UPDATE gesta_shards SET position = given.value ->> 4
  FROM json_each(?1) AS given JOIN gesta_subscriptions s ON s.name = given.value ->> 0
 WHERE gesta_shards.subscription = s.id
   AND gesta_shards.shard = given.value ->> 1
   AND gesta_shards.token = given.value ->> 2
   AND gesta_shards.position = given.value ->> 3
   AND gesta_shards.position <> given.value ->> 4
   AND gesta_shards.owner IS NOT NULL;
