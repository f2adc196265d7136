SELECT gesta.pause_v1($1, $2)
