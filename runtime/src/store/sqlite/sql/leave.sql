DELETE FROM gesta_workers WHERE worker = ?1;
UPDATE gesta_shards SET owner = NULL WHERE owner = ?1;
