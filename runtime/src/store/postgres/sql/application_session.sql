SET LOCAL search_path TO DEFAULT;
SET LOCAL plan_cache_mode TO DEFAULT;
SET LOCAL enable_seqscan TO DEFAULT;
SET LOCAL enable_hashjoin TO DEFAULT;
SET LOCAL enable_mergejoin TO DEFAULT;
SET LOCAL enable_bitmapscan TO DEFAULT;
SET LOCAL jit TO DEFAULT
