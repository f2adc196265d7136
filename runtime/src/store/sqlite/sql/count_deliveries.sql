SELECT state, count(*) FROM gesta_deliveries WHERE subscription = ? GROUP BY state;
