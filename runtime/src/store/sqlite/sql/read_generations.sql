SELECT version, state, declared_at FROM gesta_projections WHERE projection = ? ORDER BY version;
