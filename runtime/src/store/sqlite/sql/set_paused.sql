-- Nothing is taken away where nothing changes.
UPDATE gesta_shards SET owner = NULL
 WHERE subscription = (SELECT id FROM gesta_subscriptions WHERE id = ?1 AND paused <> ?2);
UPDATE gesta_subscriptions SET paused = ?2 WHERE id = ?1;
