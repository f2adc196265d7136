SELECT gesta.horizon_v1()
