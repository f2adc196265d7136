SELECT gesta.reset_v1($1, $2)
