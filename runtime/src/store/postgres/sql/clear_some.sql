SELECT gesta.clear_some_v1($1, $2)
