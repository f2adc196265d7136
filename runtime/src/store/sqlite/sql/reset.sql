UPDATE gesta_shards SET position = ?2, owner = NULL WHERE subscription = ?1;
DELETE FROM gesta_deliveries WHERE subscription = (SELECT name FROM gesta_subscriptions WHERE id = ?1);
