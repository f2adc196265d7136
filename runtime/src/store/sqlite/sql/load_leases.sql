-- The tokens of the shards that somebody has. A question is an array: subscription and shard.
SELECT s.name, h.shard, h.token
  FROM json_each(?) AS asked
 CROSS JOIN gesta_subscriptions s ON s.name = asked.value ->> 0
 CROSS JOIN gesta_shards h ON h.subscription = s.id AND h.shard = asked.value ->> 1
 WHERE h.owner IS NOT NULL;
