-- Appends to many streams at once: one group per stream, stored whole, or up to a key that was used before, or not
-- at all. A conflict is an answer and not an error, so that nothing of the others is lost.
--
-- The order of the log. An appender (1) reads `last_value`, (2) takes a shared advisory lock with that number in its
-- key, and only then (3) draws positions, under the locks of its heads. A reader (1) reads `last_value`, (2) takes
-- the least number among the locks that are held, and only then (3) reads up to the lesser of the two. A position up
-- to there was drawn before the reader's first step, so its lock was taken before the second; the lock is gone only
-- if its transaction has ended; so it is visible in the third, or never will be. Nobody waits for anybody.
-- The lock's key has the sign bit and 693 above the 53 bits of the position.
--
-- Groups come in this order: those that may be new (with category and id), those that exist, those without events;
-- each kind by stream_id, so that two batches take their locks in the same order: first they make streams, then they
-- lock those that exist. Keys come in order as well; one
-- without its text is looked for, and never kept.
-- Every array of events or keys has its group's number, counted from 1.
CREATE FUNCTION gesta.append_v1(
  g_stream uuid[], g_expected bigint[], g_events integer[], new_category integer[], new_id text[],
  writing integer,                                  -- how many groups have events
  asks boolean,                                     -- whether a group begins with a command without events
  e_group integer[], e_ordinal integer[], e_type integer[], e_type_version integer[], e_meta bytea[],
  e_payload bytea[],
  k_key uuid[], k_text text[], k_group integer[], k_command integer[], k_before integer[], k_events integer[],
  k_category integer[], k_id text[],
  k_last integer[],                                 -- the number of its last event among all events, or of the one
                                                    -- before it in the group; 0 where there is none
  OUT before bigint[],                              -- of each group: the version it stands on, NULL if nothing is stored
  OUT positions bigint[],                           -- of all events that are stored, ascending
  OUT actual bigint[],                              -- of each group: its version now, where some were not stored whole
  OUT tails bigint[],                               -- of each group: the position of the event it stands on, if asked
  OUT used integer[],                               -- keys that were used before, by number, and what they have done
  OUT used_version bigint[], OUT used_position bigint[], OUT used_events integer[], OUT used_here boolean[],
  OUT used_category text[], OUT used_id text[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
  -- Heads are locked in the order of the groups, also where there are so few that going through all would be cheaper.
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  low      bigint;
  keys     integer := pg_catalog.cardinality(k_key);
  fresh    integer := pg_catalog.cardinality(new_category);
  made     uuid[] := '{}';
  moved    integer[];
  moved_from bigint[];
  cut      integer[];                               -- of each group: the first command that is not stored
  plain    boolean := writing = pg_catalog.cardinality(g_stream) AND NOT asks;
  i        integer;
BEGIN
  IF pg_catalog.current_setting('synchronous_commit') = 'off' THEN
    PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
  END IF;
  SELECT last_value INTO low FROM gesta.position;
  PERFORM pg_catalog.pg_advisory_xact_lock_shared((-9223372036854775808) | (693::bigint << 53) | low);

  IF keys > 0 THEN
    SELECT f.used, f.used_version, f.used_position, f.used_events, f.used_here, f.used_category, f.used_id
      INTO used, used_version, used_position, used_events, used_here, used_category, used_id
      FROM gesta.find_keys_v1(g_stream, k_key, k_group) AS f;
    IF used IS NOT NULL THEN
      plain := false;
      FOREACH i IN ARRAY used LOOP
        IF cut[k_group[i]] IS NULL OR k_command[i] < cut[k_group[i]] THEN
          cut[k_group[i]] := k_command[i];
          g_events[k_group[i]] := k_before[i];
        END IF;
      END LOOP;
    END IF;
  END IF;

  IF fresh > 0 THEN
    WITH inserted AS (
      INSERT INTO gesta.streams (stream_id, version, base_position, category, id)
      SELECT g.stream, g.events, low, g.category, g.id
        FROM unnest(g_stream, g_events, new_category, new_id) AS g(stream, events, category, id)
       WHERE g.category IS NOT NULL AND g.events > 0
      ON CONFLICT DO NOTHING RETURNING stream_id)
    SELECT coalesce(array_agg(stream_id), '{}') INTO made FROM inserted;
  END IF;
  IF fresh > pg_catalog.cardinality(made) AND writing > fresh THEN
    -- Some that may be new are not, and stand before the others: all are locked in one order. Not before this: whoever
    -- holds a lock must not wait for one who makes a stream.
    PERFORM FROM gesta.streams AS s WHERE s.stream_id = ANY (g_stream) ORDER BY s.stream_id FOR NO KEY UPDATE;
  END IF;
  IF writing > pg_catalog.cardinality(made) THEN
    WITH updated AS (
      UPDATE gesta.streams AS s SET version = s.version + g.events
        FROM unnest(g_stream, g_expected, g_events) WITH ORDINALITY AS g(stream, expected, events, i)
       WHERE s.stream_id = g.stream AND g.events > 0 AND (g.expected < 0 OR s.version = g.expected)
         AND (g.i > fresh OR (g.expected < 0 AND g.stream <> ALL (made))) AND NOT s.closed
      RETURNING g.i, s.version - g.events AS version)
    SELECT array_agg(i), array_agg(version) INTO moved, moved_from FROM updated;
  END IF;

  plain := plain AND pg_catalog.cardinality(made) = fresh
           AND pg_catalog.cardinality(made) + coalesce(pg_catalog.cardinality(moved), 0) = writing
           AND 0 <= ALL (g_expected);
  IF plain THEN
    before := g_expected;
  ELSE
    SELECT r.before, r.actual, r.tails INTO before, actual, tails
      FROM gesta.resolve_v1(g_stream, g_expected, g_events, made, moved, moved_from) AS r;
    -- What was stored meanwhile may have been stored under one of our keys.
    IF keys > 0 THEN
      SELECT f.used, f.used_version, f.used_position, f.used_events, f.used_here, f.used_category, f.used_id
        INTO used, used_version, used_position, used_events, used_here, used_category, used_id
        FROM gesta.find_keys_v1(g_stream, k_key, k_group) AS f;
    END IF;
  END IF;

  WITH written AS (
    INSERT INTO gesta.events (position, version, recorded_at, type_id, type_version, stream_id, meta, payload)
    SELECT pg_catalog.nextval('gesta.position'), before[e.g] + e.ordinal, pg_catalog.clock_timestamp(),
           e.type_id, e.type_version, g_stream[e.g], e.meta, e.payload
      FROM unnest(e_group, e_ordinal, e_type, e_type_version, e_meta, e_payload)
           AS e(g, ordinal, type_id, type_version, meta, payload)
     WHERE before[e.g] IS NOT NULL AND e.ordinal <= g_events[e.g]
    RETURNING position)
  SELECT array_agg(w.position ORDER BY w.position) INTO positions FROM written AS w;

  IF keys > 0 THEN
    PERFORM gesta.keep_keys_v1(g_stream, before, cut, tails, CASE WHEN plain THEN positions END, low,
      k_key, k_text, k_group, k_command, k_before, k_events, k_category, k_id, k_last);
  END IF;
END $$;

-- Which of these keys were used before, and for what.
CREATE FUNCTION gesta.find_keys_v1(
  g_stream uuid[], k_key uuid[], k_group integer[],
  OUT used integer[], OUT used_version bigint[], OUT used_position bigint[], OUT used_events integer[],
  OUT used_here boolean[], OUT used_category text[], OUT used_id text[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  SELECT array_agg(k.i), array_agg(c.version), array_agg(c.position), array_agg(c.events),
         array_agg(c.stream_id = g_stream[k.g]),
         array_agg((SELECT n.name FROM gesta.names AS n WHERE n.id = coalesce(s.category, c.category))),
         array_agg(coalesce(s.id, c.id))
    INTO used, used_version, used_position, used_events, used_here, used_category, used_id
    FROM unnest(k_key, k_group) WITH ORDINALITY AS k(key, g, i)
    JOIN gesta.commands AS c ON c.key = k.key
    LEFT JOIN gesta.streams AS s ON s.stream_id = c.stream_id;
END $$;

-- What has become of each group, where it is not simply "all stored": by what was made and what was moved on.
CREATE FUNCTION gesta.resolve_v1(
  g_stream uuid[], g_expected bigint[], g_events integer[], made uuid[], moved integer[], moved_from bigint[],
  OUT before bigint[], OUT actual bigint[], OUT tails bigint[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  SELECT array_agg(r.before ORDER BY r.i), array_agg(r.actual ORDER BY r.i),
         array_agg(coalesce((SELECT e.position FROM gesta.events AS e
                              WHERE e.stream_id = r.stream AND e.version = coalesce(r.before, r.actual)
                                AND e.position > r.base_position), 0) ORDER BY r.i)
    INTO before, actual, tails
    FROM (SELECT g.i, g.stream, s.base_position, coalesce(s.version, 0) AS actual,
                 CASE WHEN g.stream = ANY (made) THEN 0
                      WHEN g.events = 0 THEN
                        CASE WHEN g.expected < 0 OR g.expected = coalesce(s.version, 0) THEN coalesce(s.version, 0) END
                      ELSE m.version END AS before
            FROM unnest(g_stream, g_expected, g_events) WITH ORDINALITY AS g(stream, expected, events, i)
            LEFT JOIN unnest(moved, moved_from) AS m(i, version) ON m.i = g.i
            LEFT JOIN gesta.streams AS s ON s.stream_id = g.stream) AS r;
END $$;

-- Keeps the keys of what was stored, with the receipts that they give from now on. A key without its text was only
-- looked for. Where all was stored, the positions of all events are given; otherwise they are looked up.
CREATE FUNCTION gesta.keep_keys_v1(
  g_stream uuid[], before bigint[], cut integer[], tails bigint[], positions bigint[], low bigint,
  k_key uuid[], k_text text[], k_group integer[], k_command integer[], k_before integer[], k_events integer[],
  k_category integer[], k_id text[], k_last integer[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  kept integer;
  due  integer;
BEGIN
  SELECT count(*) INTO due FROM unnest(k_text, k_group, k_command) AS k(text, g, command)
   WHERE k.text IS NOT NULL AND before[k.g] IS NOT NULL AND (cut[k.g] IS NULL OR k.command < cut[k.g]);
  INSERT INTO gesta.commands (key, stream_id, version, position, events, category, id, text)
  SELECT k.key, g_stream[k.g], before[k.g] + k.earlier + k.events,
         CASE WHEN k.earlier + k.events = 0 THEN tails[k.g]
              WHEN positions IS NOT NULL THEN positions[k.last]
              ELSE (SELECT e.position FROM gesta.events AS e
                     WHERE e.stream_id = g_stream[k.g] AND e.version = before[k.g] + k.earlier + k.events
                       AND e.position > low) END,
         k.events, k.category, k.id, k.text
    FROM unnest(k_key, k_text, k_group, k_command, k_before, k_events, k_category, k_id, k_last)
         AS k(key, text, g, command, earlier, events, category, id, last)
   WHERE k.text IS NOT NULL AND before[k.g] IS NOT NULL AND (cut[k.g] IS NULL OR k.command < cut[k.g])
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS kept = ROW_COUNT;
  IF kept < due THEN
    RAISE 'gesta: an idempotency key was used at this moment for another append'
      USING ERRCODE = 'serialization_failure', HINT = 'Repeat the transaction.';
  END IF;
END $$;
