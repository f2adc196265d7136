SELECT pg_catalog.current_setting('server_version_num')::integer,
       pg_catalog.current_setting('server_version'),
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('transaction_isolation'),
       pg_catalog.current_setting('transaction_read_only') = 'on',
       pg_catalog.pg_backend_pid()
