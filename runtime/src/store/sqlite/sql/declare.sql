INSERT INTO gesta_subscriptions (name) VALUES (?1);
WITH RECURSIVE numbers (n) AS (SELECT 0 WHERE ?2 > 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2)
INSERT INTO gesta_shards (subscription, shard, position, token)
SELECT (SELECT id FROM gesta_subscriptions WHERE name = ?1), n, ?3, 0 FROM numbers;
