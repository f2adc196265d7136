SELECT gesta.join_v1($1, $2, $3, $4, $5, $6::bigint * interval '1 microsecond', $7::bigint * interval '1 microsecond',
  $8, $9, $10, $11, $12, $13, $14, $15, $16)
