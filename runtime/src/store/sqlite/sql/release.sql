UPDATE gesta_shards SET owner = NULL
  FROM json_each(?2) AS given JOIN gesta_subscriptions s ON s.name = given.value ->> 0
 WHERE gesta_shards.subscription = s.id
   AND gesta_shards.shard = given.value ->> 1
   AND gesta_shards.token = given.value ->> 2
   AND gesta_shards.owner = ?1;
