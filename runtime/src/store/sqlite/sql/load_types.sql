SELECT id, name, version FROM gesta_types;
