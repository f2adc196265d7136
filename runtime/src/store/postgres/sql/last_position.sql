SELECT gesta.last_position_v1()
