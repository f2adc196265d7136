SELECT gesta.leave_v1($1)
