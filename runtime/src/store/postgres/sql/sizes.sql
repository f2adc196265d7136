-- The segments of the log count as one.
SELECT CASE WHEN c.relname LIKE 'events%' THEN 'events' ELSE c.relname::text END AS what,
       sum(pg_catalog.pg_total_relation_size(c.oid))::bigint AS bytes
  FROM pg_catalog.pg_class AS c
 WHERE c.relnamespace = 'gesta'::regnamespace AND c.relkind = 'r'
 GROUP BY 1 ORDER BY 2 DESC, 1
