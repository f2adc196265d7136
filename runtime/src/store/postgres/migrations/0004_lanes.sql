-- An event may be delivered in the order of several streams, once in each: so the stream tells deliveries apart too.
ALTER TABLE gesta.deliveries DROP CONSTRAINT deliveries_pkey;
ALTER TABLE gesta.deliveries ADD PRIMARY KEY (subscription, position, stream_id);

-- Older programs deliver each event in the order of its own stream, which this does as well.
CREATE OR REPLACE FUNCTION gesta.write_deliveries_v1(
  p_subscription text[], p_position bigint[], p_shard integer[], p_stream_id uuid[], p_category text[], p_stream text[],
  p_version bigint[], p_event text[], p_state integer[], p_attempts bigint[], p_retry_in bigint[],
  e_delivery integer[], e_text text[], o_subscription text[], o_position bigint[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz := pg_catalog.clock_timestamp();
BEGIN
  IF pg_catalog.cardinality(o_position) > 0 THEN
    DELETE FROM gesta.deliveries AS d USING (
      SELECT x.subscription, x.position FROM unnest(o_subscription, o_position) AS o(subscription, position)
        JOIN gesta.deliveries AS x ON x.subscription = o.subscription AND x.position = o.position
       ORDER BY x.subscription, x.position FOR UPDATE OF x) AS done
     WHERE d.subscription = done.subscription AND d.position = done.position;
  END IF;
  IF pg_catalog.cardinality(p_position) > 0 THEN
    INSERT INTO gesta.deliveries AS known (subscription, position, shard, stream_id, category, stream, version, event,
      state, attempts, parked_at, tried_at, due_at, errors)
    SELECT p.subscription, p.position, p.shard, p.stream_id, p.category, p.stream, p.version, p.event,
           p.state, p.attempts, moment, CASE WHEN p.attempts > 0 THEN moment END,
           CASE WHEN p.state = 1 THEN moment + coalesce(p.retry_in, 0) * interval '1 microsecond' END,
           ARRAY (SELECT e.text FROM unnest(e_delivery, e_text) WITH ORDINALITY AS e(delivery, text, n)
                   WHERE e.delivery = p.i ORDER BY e.n)
      FROM unnest(p_subscription, p_position, p_shard, p_stream_id, p_category, p_stream, p_version, p_event, p_state,
                  p_attempts, p_retry_in)
           WITH ORDINALITY AS p(subscription, position, shard, stream_id, category, stream, version, event, state,
                                attempts, retry_in, i)
     ORDER BY p.subscription, p.position
    ON CONFLICT (subscription, position, stream_id) DO UPDATE
       SET shard = excluded.shard, state = excluded.state, attempts = excluded.attempts,
           tried_at = excluded.tried_at, due_at = excluded.due_at, errors = excluded.errors
     WHERE known.state IN (0, 1) AND excluded.attempts = known.attempts + 1;
  END IF;
END $$;

-- Deliveries that are parked, with all that is known of them, and those that are done; both in the order of
-- subscription, position and stream. What is known is replaced by the next attempt alone: otherwise somebody has decided about
-- it meanwhile. The errors of all of them come in one array, with the number of their delivery.
CREATE FUNCTION gesta.write_deliveries_v2(
  p_subscription text[], p_position bigint[], p_shard integer[], p_stream_id uuid[], p_category text[], p_stream text[],
  p_version bigint[], p_event text[], p_state integer[], p_attempts bigint[], p_retry_in bigint[],
  e_delivery integer[], e_text text[], o_subscription text[], o_position bigint[], o_stream_id uuid[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz := pg_catalog.clock_timestamp();
BEGIN
  IF pg_catalog.cardinality(o_position) > 0 THEN
    DELETE FROM gesta.deliveries AS d USING (
      SELECT x.subscription, x.position, x.stream_id
        FROM unnest(o_subscription, o_position, o_stream_id) AS o(subscription, position, stream_id)
        JOIN gesta.deliveries AS x
          ON x.subscription = o.subscription AND x.position = o.position AND x.stream_id = o.stream_id
       ORDER BY x.subscription, x.position, x.stream_id FOR UPDATE OF x) AS done
     WHERE d.subscription = done.subscription AND d.position = done.position AND d.stream_id = done.stream_id;
  END IF;
  IF pg_catalog.cardinality(p_position) > 0 THEN
    INSERT INTO gesta.deliveries AS known (subscription, position, shard, stream_id, category, stream, version, event,
      state, attempts, parked_at, tried_at, due_at, errors)
    SELECT p.subscription, p.position, p.shard, p.stream_id, p.category, p.stream, p.version, p.event,
           p.state, p.attempts, moment, CASE WHEN p.attempts > 0 THEN moment END,
           CASE WHEN p.state = 1 THEN moment + coalesce(p.retry_in, 0) * interval '1 microsecond' END,
           ARRAY (SELECT e.text FROM unnest(e_delivery, e_text) WITH ORDINALITY AS e(delivery, text, n)
                   WHERE e.delivery = p.i ORDER BY e.n)
      FROM unnest(p_subscription, p_position, p_shard, p_stream_id, p_category, p_stream, p_version, p_event, p_state,
                  p_attempts, p_retry_in)
           WITH ORDINALITY AS p(subscription, position, shard, stream_id, category, stream, version, event, state,
                                attempts, retry_in, i)
     ORDER BY p.subscription, p.position, p.stream_id
    ON CONFLICT (subscription, position, stream_id) DO UPDATE
       SET shard = excluded.shard, state = excluded.state, attempts = excluded.attempts,
           tried_at = excluded.tried_at, due_at = excluded.due_at, errors = excluded.errors
     WHERE known.state IN (0, 1) AND excluded.attempts = known.attempts + 1;
  END IF;
END $$;

-- All of it in one call, and so in one round trip.
CREATE FUNCTION gesta.commit_v2(
  a_subscription text[], a_shard integer[], a_token bigint[], a_from bigint[], a_to bigint[],
  d_collection text[], d_key bytea[], d_body bytea[], d_revision bigint[], d_expected bigint[],
  n_collection text[], n_name text[], i_document integer[], i_name text[], i_value bytea[],
  p_subscription text[], p_position bigint[], p_shard integer[], p_stream_id uuid[], p_category text[], p_stream text[],
  p_version bigint[], p_event text[], p_state integer[], p_attempts bigint[], p_retry_in bigint[],
  e_delivery integer[], e_text text[], o_subscription text[], o_position bigint[],
  o_stream_id uuid[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  IF pg_catalog.cardinality(a_shard) > 0 THEN
    PERFORM gesta.fence_v1(a_subscription, a_shard, a_token, a_from, a_to);
  END IF;
  IF pg_catalog.cardinality(d_key) > 0 THEN
    PERFORM gesta.write_documents_v1(d_collection, d_key, d_body, d_revision, d_expected,
      n_collection, n_name, i_document, i_name, i_value);
  END IF;
  IF pg_catalog.cardinality(p_position) + pg_catalog.cardinality(o_position) > 0 THEN
    PERFORM gesta.write_deliveries_v2(p_subscription, p_position, p_shard, p_stream_id, p_category, p_stream,
      p_version, p_event, p_state, p_attempts, p_retry_in, e_delivery, e_text, o_subscription, o_position,
      o_stream_id);
  END IF;
END $$;
