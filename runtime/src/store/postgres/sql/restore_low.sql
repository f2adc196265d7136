SELECT last_value FROM gesta.position
