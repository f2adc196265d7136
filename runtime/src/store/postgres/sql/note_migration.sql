INSERT INTO gesta.migrations (version, needs, name) VALUES ($1, $2, $3)
