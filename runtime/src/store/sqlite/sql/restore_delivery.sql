INSERT OR REPLACE INTO gesta_deliveries
       (subscription, position, shard, stream, category, name, version, event, state, attempts, parked_at, tried_at, due_at,
        errors, decided_by, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
