SELECT number, word FROM gesta.intern_v1($1, $2)
