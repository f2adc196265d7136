DELETE FROM gesta_projections WHERE projection = ? AND version = ? AND state <> 1;
