-- The events after a position, up to one to which the log is known to be final, which it stays: no locks are asked
-- for, and streams are not looked up.
--
-- Whatever the statistics say, which are old where the log grows fast: events are read by their index, and nothing
-- is sorted. The other plans read everything behind `after` for every page.
CREATE FUNCTION gesta.read_events_v1(after bigint, final bigint, most bigint)
RETURNS TABLE (event_position bigint, event_version bigint, event_recorded_at timestamptz, event_type integer,
  event_type_version integer, event_meta bytea, event_payload bytea, event_stream uuid)
LANGUAGE plpgsql VOLATILE
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  RETURN QUERY
  SELECT e.position, e.version, e.recorded_at, e.type_id, e.type_version, e.meta, e.payload, e.stream_id
    FROM gesta.events AS e
   WHERE e.position > after AND e.position <= final ORDER BY e.position LIMIT most;
END $$;

ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_sort = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_bitmapscan = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_seqscan = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_hashjoin = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET enable_mergejoin = off;
ALTER FUNCTION gesta.read_log_v1(bigint, bigint) SET plan_cache_mode = force_generic_plan;
