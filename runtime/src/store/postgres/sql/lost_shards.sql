SELECT gesta.lost_shards_v1($1, $2, $3)
