INSERT INTO gesta_types (name, version) VALUES (?, ?) ON CONFLICT DO NOTHING;
