-- What a connection of the store's own is set to. Plans are made once, and around the indexes: tables that are
-- empty or young must not make a plan that stays when they have grown.
SELECT pg_catalog.set_config('search_path', 'pg_catalog', false),
       pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', false),
       pg_catalog.set_config('enable_seqscan', 'off', false),
       pg_catalog.set_config('enable_hashjoin', 'off', false),
       pg_catalog.set_config('enable_mergejoin', 'off', false),
       pg_catalog.set_config('enable_bitmapscan', 'off', false),
       pg_catalog.set_config('jit', 'off', false),
       pg_catalog.set_config('statement_timeout', $2, false),
       pg_catalog.set_config('lock_timeout', $1, false),
       pg_catalog.set_config('idle_in_transaction_session_timeout', $3, false),
       pg_catalog.set_config('tcp_keepalives_idle', '30', false),
       pg_catalog.set_config('tcp_keepalives_interval', '10', false),
       pg_catalog.set_config('tcp_keepalives_count', '3', false),
       pg_catalog.set_config('tcp_user_timeout', '60000', false)
