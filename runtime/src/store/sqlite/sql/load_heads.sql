SELECT 1, id, key, version, position FROM gesta_streams WHERE key IN ({?});
