SELECT coalesce(max(position), 0) FROM gesta_events;
