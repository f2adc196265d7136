UPDATE gesta_shards SET position = ?3, owner = NULL
 WHERE subscription = (SELECT id FROM gesta_subscriptions WHERE name = ?1) AND shard = ?2;
