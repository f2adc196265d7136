UPDATE gesta_projections SET state = 2 WHERE projection = ?1 AND state = 1;
UPDATE gesta_projections SET state = 1 WHERE projection = ?1 AND version = ?2;
