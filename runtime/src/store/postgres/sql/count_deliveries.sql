SELECT state, count(*) FROM gesta.deliveries WHERE subscription = $1 GROUP BY state
