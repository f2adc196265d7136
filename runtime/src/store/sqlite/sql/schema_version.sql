SELECT max(version) FROM gesta_schema;
