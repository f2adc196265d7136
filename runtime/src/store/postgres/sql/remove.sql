SELECT gesta.remove_v1($1)
