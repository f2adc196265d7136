UPDATE gesta.shards AS s SET position = p.position, owner = NULL
  FROM unnest($2::integer[], $3::bigint[]) AS p(shard, position)
 WHERE s.subscription = $1 AND s.shard = p.shard
RETURNING s.shard
