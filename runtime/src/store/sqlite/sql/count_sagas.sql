SELECT saga, status, count(*) FROM gesta_sagas GROUP BY saga, status;
