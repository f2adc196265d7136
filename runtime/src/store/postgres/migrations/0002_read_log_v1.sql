-- Whatever the statistics say, which are old where the log grows fast: events are read by their index, and nothing
-- is sorted. The other plans read everything behind `after` for every page.
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_sort = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_bitmapscan = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_seqscan = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_hashjoin = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_mergejoin = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET plan_cache_mode = force_generic_plan;
