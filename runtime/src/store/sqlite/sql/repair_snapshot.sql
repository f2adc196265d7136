DELETE FROM gesta_snapshots WHERE stream = ?1 AND version = ?2 AND fingerprint = ?3;
