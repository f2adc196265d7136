DELETE FROM gesta_deliveries WHERE (subscription, position, stream) IN (VALUES {(?, ?, ?)});
