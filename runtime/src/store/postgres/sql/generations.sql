SELECT version, state, declared_at FROM gesta.projections WHERE name = $1 ORDER BY version
