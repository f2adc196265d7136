DELETE FROM gesta.projections AS p WHERE p.name = $1 AND p.version = $2 AND p.state <> 1 RETURNING p.version
