SELECT saga, min(started_at) FROM gesta_sagas
 WHERE status IN ('running', 'compensating', 'parked') GROUP BY saga ORDER BY saga;
