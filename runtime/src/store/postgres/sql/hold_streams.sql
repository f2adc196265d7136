SELECT gesta.hold_streams_v1($1)
