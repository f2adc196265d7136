-- The first of a projection is live at once.
INSERT INTO gesta_projections (projection, version, state, declared_at)
SELECT ?1, ?2, NOT EXISTS (SELECT 1 FROM gesta_projections WHERE projection = ?1),
       CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
 WHERE TRUE
    ON CONFLICT (projection, version) DO NOTHING;
