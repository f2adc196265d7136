INSERT INTO gesta_keys (key, stream, version, position, events) VALUES (?, ?, ?, ?, ?);
