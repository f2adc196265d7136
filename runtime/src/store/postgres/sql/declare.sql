SELECT gesta.declare_v1($1, $2, $3)
