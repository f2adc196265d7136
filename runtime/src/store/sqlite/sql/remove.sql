DELETE FROM gesta_deliveries WHERE subscription = (SELECT name FROM gesta_subscriptions WHERE id = ?1);
DELETE FROM gesta_shards WHERE subscription = ?1;
DELETE FROM gesta_workers WHERE subscription = ?1;
DELETE FROM gesta_subscriptions WHERE id = ?1;
