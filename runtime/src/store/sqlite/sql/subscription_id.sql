SELECT id FROM gesta_subscriptions WHERE name = ?;
