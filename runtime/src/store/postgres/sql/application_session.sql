SET LOCAL search_path TO DEFAULT;
SET LOCAL plan_cache_mode TO DEFAULT;
SET LOCAL enable_seqscan TO DEFAULT;
SET LOCAL enable_hashjoin TO DEFAULT;
SET LOCAL enable_mergejoin TO DEFAULT;
SET LOCAL enable_bitmapscan TO DEFAULT;
SET LOCAL jit TO DEFAULT;
SET LOCAL statement_timeout TO {limit};
SET LOCAL idle_in_transaction_session_timeout TO {limit};
SAVEPOINT gesta_work
