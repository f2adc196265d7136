UPDATE gesta_keys SET position = ?3 WHERE key = ?1 AND position = ?2;
