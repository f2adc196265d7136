SELECT coalesce(max(version), 0), coalesce(max(needs), 0) FROM gesta.migrations
