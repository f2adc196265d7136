SELECT gesta.promote_v1($1, $2)
