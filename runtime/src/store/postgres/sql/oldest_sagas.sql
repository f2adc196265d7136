-- Running, compensating and parked ones: those that have not ended.
SELECT saga, min(started_at) FROM gesta.sagas WHERE status IN (0, 1, 2) GROUP BY saga ORDER BY saga
