DELETE FROM gesta_deliveries WHERE (subscription, position) IN (VALUES {(?, ?)});
