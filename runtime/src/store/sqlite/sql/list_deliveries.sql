SELECT subscription, shard, stream, category, name, position, version, event, state, attempts, parked_at, tried_at,
       due_at, errors, decided_by, reason
  FROM gesta_deliveries
