SELECT all_shards, share, is_paused, lease_shards, lease_tokens, lease_positions
  FROM gesta.claim_v1($1, $2, $3::bigint * interval '1 microsecond')
