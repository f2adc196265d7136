SELECT gesta.declare_generation_v1($1, $2)
