SELECT id FROM gesta_types WHERE name = ? AND version = ?;
