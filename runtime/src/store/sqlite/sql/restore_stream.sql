INSERT INTO gesta_streams (key, category, name) VALUES (?, ?, ?) RETURNING id;
