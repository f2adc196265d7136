SELECT id, kind, name FROM gesta.names
