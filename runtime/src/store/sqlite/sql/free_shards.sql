-- What changes when shards become free, or when somebody pauses, removes or goes on with a subscription.
SELECT (SELECT count(*) FROM gesta_shards WHERE owner IS NULL),
       (SELECT coalesce(sum(subscription * 65536 + shard), 0) FROM gesta_shards WHERE owner IS NULL),
       (SELECT count(*) FROM gesta_subscriptions),
       (SELECT coalesce(sum(id), 0) FROM gesta_subscriptions WHERE paused <> 0);
