-- The position up to which the log is final; why is told at append_v1. Three snapshots are needed, the caller's
-- reading being the third, and a standby knows no locks of the primary.
CREATE FUNCTION gesta.horizon_v1() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  drawn bigint;
  open  bigint;
BEGIN
  IF pg_catalog.current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE 'gesta: the log can be read in a READ COMMITTED transaction only, because its end is found by comparing
 snapshots' USING ERRCODE = 'feature_not_supported';
  END IF;
  IF pg_catalog.pg_is_in_recovery() THEN
    RAISE 'gesta: the log cannot be followed on a standby, which does not know the locks of its primary'
      USING ERRCODE = 'feature_not_supported';
  END IF;
  SELECT last_value INTO drawn FROM gesta.position;
  SELECT min(((l.classid::bigint << 32) | l.objid::bigint) & 9007199254740991) INTO open
    FROM pg_catalog.pg_locks AS l
   WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.classid::bigint >> 21 = 1024 + 693
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database());
  RETURN least(drawn, open);
END $$;

-- The next events of the log, as far as it is final.
CREATE FUNCTION gesta.read_log_v1(after bigint, most bigint)
RETURNS TABLE (event_position bigint, event_version bigint, event_recorded_at timestamptz, event_type integer,
  event_type_version integer, event_meta bytea, event_payload bytea, event_stream uuid, stream_category integer,
  stream_text text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  final bigint := gesta.horizon_v1();
BEGIN
  RETURN QUERY
  SELECT e.position, e.version, e.recorded_at, e.type_id, e.type_version, e.meta, e.payload, e.stream_id, s.category, s.id
    FROM gesta.events AS e JOIN gesta.streams AS s ON s.stream_id = e.stream_id
   WHERE e.position > after AND e.position <= final ORDER BY e.position LIMIT most;
END $$;

-- The position of the last event that a reader of the log can see now.
CREATE FUNCTION gesta.last_position_v1() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  final bigint := gesta.horizon_v1();
BEGIN
  RETURN coalesce((SELECT max(e.position) FROM gesta.events AS e WHERE e.position <= final), 0);
END $$;
