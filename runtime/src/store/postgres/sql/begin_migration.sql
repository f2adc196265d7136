SET LOCAL search_path = pg_catalog;
-- For the turn among processes that start together the wait may be long; for locks on tables in use it must be
-- short, because everybody else queues up behind us.
SET LOCAL lock_timeout = '50s';
SELECT pg_catalog.pg_advisory_xact_lock(7451612233214488);
SET LOCAL lock_timeout = '3s';
CREATE SCHEMA IF NOT EXISTS gesta;
CREATE TABLE IF NOT EXISTS gesta.migrations (
  version    integer PRIMARY KEY,
  needs      integer NOT NULL,                      -- the oldest version that a program must know to work with it
  name       text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
