-- Appends to one stream. The rules are those of append_v1; this is what a batch of one uses, and an append inside
-- the transaction of an application.
-- outcome: 0 stored, 1 conflict, 2 key used for this stream, 3 key used for another stream.
CREATE FUNCTION gesta.append_one_v1(
  to_stream uuid, to_category integer, to_id text,
  expected bigint,                                  -- -1 any, 0 new, n exactly
  types integer[], type_versions integer[], given_meta bytea, payloads bytea[],
  given_key uuid, key_text text,
  OUT outcome integer, OUT at_version bigint, OUT at_position bigint, OUT stored integer,
  OUT first_category text, OUT first_id text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  low  bigint;
  n    integer := pg_catalog.cardinality(types);
  made boolean := false;
  head gesta.streams;
  used gesta.commands;
BEGIN
  IF pg_catalog.current_setting('synchronous_commit') = 'off' THEN
    PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
  END IF;
  SELECT last_value INTO low FROM gesta.position;
  PERFORM pg_catalog.pg_advisory_xact_lock_shared((-9223372036854775808) | (693::bigint << 53) | low);

  -- The head: made, or moved on, or (without events) looked at. Each holds its row until the commit.
  IF expected <= 0 AND n > 0 THEN
    INSERT INTO gesta.streams (stream_id, version, base_position, category, id)
    VALUES (to_stream, n, low, to_category, to_id) ON CONFLICT DO NOTHING;
    made := FOUND;
  END IF;
  IF made THEN
    at_version := n;
  ELSIF expected <> 0 AND n > 0 THEN
    UPDATE gesta.streams AS s SET version = s.version + n
     WHERE s.stream_id = to_stream AND (expected < 0 OR s.version = expected) AND NOT s.closed
    RETURNING s.version INTO at_version;
  ELSIF n = 0 THEN
    SELECT s.version INTO at_version FROM gesta.streams AS s WHERE s.stream_id = to_stream FOR KEY SHARE;
    at_version := coalesce(at_version, 0);
    IF expected >= 0 AND at_version <> expected THEN at_version := NULL; END IF;
  END IF;

  -- The key, in a snapshot taken under the lock of the head: of two that race, the second one finds it.
  IF given_key IS NOT NULL THEN
    SELECT * INTO used FROM gesta.commands AS c WHERE c.key = given_key;
    IF FOUND THEN
      IF made THEN
        DELETE FROM gesta.streams AS s WHERE s.stream_id = to_stream;
      ELSIF at_version IS NOT NULL AND n > 0 THEN
        UPDATE gesta.streams AS s SET version = s.version - n WHERE s.stream_id = to_stream;
      END IF;
      outcome := CASE WHEN used.stream_id = to_stream THEN 2 ELSE 3 END;
      at_version := used.version;
      at_position := used.position;
      stored := used.events;
      SELECT c.name, coalesce(s.id, used.id) INTO first_category, first_id
        FROM (SELECT) AS one LEFT JOIN gesta.streams AS s ON s.stream_id = used.stream_id
        JOIN gesta.names AS c ON c.id = coalesce(s.category, used.category);
      RETURN;
    END IF;
  END IF;
  IF at_version IS NULL THEN
    SELECT s.version INTO at_version FROM gesta.streams AS s WHERE s.stream_id = to_stream;
    outcome := 1;
    at_version := coalesce(at_version, 0);
    RETURN;
  END IF;

  IF n = 1 THEN
    at_position := pg_catalog.nextval('gesta.position');
    INSERT INTO gesta.events (position, version, recorded_at, type_id, type_version, stream_id, meta, payload)
    VALUES (at_position, at_version, pg_catalog.clock_timestamp(), types[1], type_versions[1], to_stream, given_meta,
            payloads[1]);
  ELSIF n > 1 THEN
    WITH written AS (
      INSERT INTO gesta.events (position, version, recorded_at, type_id, type_version, stream_id, meta, payload)
      SELECT pg_catalog.nextval('gesta.position'), at_version - n + e.i, pg_catalog.clock_timestamp(),
             e.type_id, e.type_version, to_stream, given_meta, e.payload
        FROM unnest(types, type_versions, payloads) WITH ORDINALITY AS e(type_id, type_version, payload, i)
      RETURNING position)
    SELECT max(w.position) INTO at_position FROM written AS w;
  ELSE
    SELECT e.position INTO at_position FROM gesta.events AS e
     WHERE e.stream_id = to_stream AND e.version = at_version
       AND e.position > (SELECT s.base_position FROM gesta.streams AS s WHERE s.stream_id = to_stream);
    at_position := coalesce(at_position, 0);
  END IF;
  IF given_key IS NOT NULL THEN
    INSERT INTO gesta.commands (key, stream_id, version, position, events, category, id, text)
    VALUES (given_key, to_stream, at_version, at_position, n,
            CASE WHEN at_version = 0 THEN to_category END, CASE WHEN at_version = 0 THEN to_id END, key_text)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RAISE 'gesta: the idempotency key % was used at this moment for another stream', key_text
        USING ERRCODE = 'serialization_failure', HINT = 'Repeat the transaction.';
    END IF;
  END IF;
  outcome := 0;
  stored := n;
END $$;
