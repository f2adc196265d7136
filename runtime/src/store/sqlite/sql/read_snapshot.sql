SELECT version, position, state FROM gesta_snapshots WHERE stream = ? AND fingerprint = ? AND version > ?;
