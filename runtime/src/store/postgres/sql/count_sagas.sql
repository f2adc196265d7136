SELECT saga, status, count(*) FROM gesta.sagas GROUP BY saga, status ORDER BY saga, status
