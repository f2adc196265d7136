INSERT INTO gesta_schema (version) VALUES (?);
