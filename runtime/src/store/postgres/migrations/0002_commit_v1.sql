-- What a worker stores in one transaction. A refusal is an error, because what came before it must be taken back; its
-- DETAIL is the number of the shard or document that it is about, counted from 1.

-- The fence: holds the shards until the transaction ends and moves them on, or refuses (ZG001) because one of them
-- is somebody else's by now. Whoever wants to take a shard over meanwhile waits or leaves it.
CREATE FUNCTION gesta.fence_v1(a_subscription text[], a_shard integer[], a_token bigint[], a_from bigint[], a_to bigint[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  moved integer;
  lost  integer;
BEGIN
  PERFORM FROM unnest(a_subscription, a_shard) AS a(subscription, shard)
    JOIN gesta.shards AS s ON s.subscription = a.subscription AND s.shard = a.shard
   ORDER BY s.subscription, s.shard FOR NO KEY UPDATE OF s;
  -- In a snapshot of its own, taken under the locks.
  UPDATE gesta.shards AS s SET position = a.beyond
    FROM unnest(a_subscription, a_shard, a_token, a_from, a_to) AS a(subscription, shard, token, here, beyond)
   WHERE s.subscription = a.subscription AND s.shard = a.shard AND s.token = a.token AND s.position = a.here
     AND s.owner IS NOT NULL;
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved < pg_catalog.cardinality(a_shard) THEN
    SELECT a.i INTO lost FROM unnest(a_subscription, a_shard, a_token, a_to)
           WITH ORDINALITY AS a(subscription, shard, token, beyond, i)
     WHERE NOT EXISTS (
       SELECT FROM gesta.shards AS s
        WHERE s.subscription = a.subscription AND s.shard = a.shard AND s.token = a.token AND s.position = a.beyond
          AND s.owner IS NOT NULL)
     ORDER BY a.i LIMIT 1;
    RAISE 'gesta: a shard was taken over by another worker, paused or reset'
      USING ERRCODE = 'ZG001', DETAIL = coalesce(lost, 1);
  END IF;
END $$;

-- Documents, in the order of collection and key. `d_expected` is the revision that must be there before, 0 for none;
-- NULL where a lease guards the document. Another one than expected is refused (ZG002). `n_name` are the indexes that
-- each collection has: what is left of others goes with the next change of a document.
CREATE FUNCTION gesta.write_documents_v1(
  d_collection text[], d_key bytea[], d_body bytea[], d_revision bigint[], d_expected bigint[],
  n_collection text[], n_name text[], i_document integer[], i_name text[], i_value bytea[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  written integer;
  due     integer;
BEGIN
  INSERT INTO gesta.documents AS kept (collection, key, revision, body)
  SELECT d.collection, d.key, d.revision, d.body
    FROM unnest(d_collection, d_key, d_revision, d_body, d_expected) AS d(collection, key, revision, body, expected)
   WHERE d.expected IS NULL AND d.body IS NOT NULL ORDER BY d.collection, d.key
  ON CONFLICT (collection, key) DO UPDATE SET revision = excluded.revision, body = excluded.body;
  DELETE FROM gesta.documents AS kept
   USING unnest(d_collection, d_key, d_body, d_expected) AS d(collection, key, body, expected)
   WHERE kept.collection = d.collection AND kept.key = d.key AND d.expected IS NULL AND d.body IS NULL;

  SELECT count(*) INTO due FROM unnest(d_expected) AS d(expected) WHERE d.expected IS NOT NULL;
  IF due > 0 THEN
    WITH made AS (
      INSERT INTO gesta.documents AS kept (collection, key, revision, body)
      SELECT d.collection, d.key, d.revision, d.body
        FROM unnest(d_collection, d_key, d_revision, d_body, d_expected) AS d(collection, key, revision, body, expected)
       WHERE d.expected = 0 ORDER BY d.collection, d.key
      ON CONFLICT (collection, key) DO UPDATE SET revision = excluded.revision, body = excluded.body
       WHERE kept.revision = 0 RETURNING 1),
    held AS MATERIALIZED (
      SELECT kept.collection, kept.key, d.revision, d.body
        FROM unnest(d_collection, d_key, d_revision, d_body, d_expected) AS d(collection, key, revision, body, expected)
        JOIN gesta.documents AS kept ON kept.collection = d.collection AND kept.key = d.key
       WHERE d.expected <> 0 AND kept.revision = d.expected
       ORDER BY kept.collection, kept.key FOR NO KEY UPDATE OF kept),
    changed AS (
      UPDATE gesta.documents AS kept SET revision = h.revision, body = h.body FROM held AS h
       WHERE kept.collection = h.collection AND kept.key = h.key RETURNING 1)
    SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM changed) INTO written;
    IF written < due THEN
      PERFORM gesta.refuse_stale_v1(d_collection, d_key, d_revision, d_body, d_expected);
    END IF;
  END IF;

  IF EXISTS (SELECT FROM (SELECT DISTINCT d.collection FROM unnest(d_collection) AS d(collection)) AS c
              WHERE EXISTS (SELECT FROM gesta.document_indexes AS x WHERE x.collection = c.collection)) THEN
    DELETE FROM gesta.document_indexes AS x USING (
      SELECT old.collection, old.key, old.name
        FROM unnest(d_collection, d_key, d_body) AS d(collection, key, body)
        JOIN gesta.document_indexes AS old ON old.collection = d.collection AND old.key = d.key
       WHERE d.body IS NULL OR NOT EXISTS (
         SELECT FROM unnest(n_collection, n_name) AS n(collection, name)
          WHERE n.collection = old.collection AND n.name = old.name)) AS gone
     WHERE x.collection = gone.collection AND x.key = gone.key AND x.name = gone.name;
  END IF;
  IF pg_catalog.cardinality(i_document) > 0 THEN
    INSERT INTO gesta.document_indexes AS kept (collection, key, name, value)
    SELECT d_collection[i.document], d_key[i.document], i.name, i.value
      FROM unnest(i_document, i_name, i_value) AS i(document, name, value)
     WHERE d_body[i.document] IS NOT NULL AND NOT EXISTS (
       SELECT FROM gesta.document_indexes AS same
        WHERE same.collection = d_collection[i.document] AND same.key = d_key[i.document] AND same.name = i.name
          AND same.value = i.value)
    ON CONFLICT (collection, key, name) DO UPDATE SET value = excluded.value;
  END IF;
END $$;

CREATE FUNCTION gesta.refuse_stale_v1(
  d_collection text[], d_key bytea[], d_revision bigint[], d_body bytea[], d_expected bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  stale integer;
BEGIN
  SELECT d.i INTO stale
    FROM unnest(d_collection, d_key, d_revision, d_body, d_expected)
         WITH ORDINALITY AS d(collection, key, revision, body, expected, i)
   WHERE d.expected IS NOT NULL AND NOT EXISTS (
     SELECT FROM gesta.documents AS kept
      WHERE kept.collection = d.collection AND kept.key = d.key AND kept.revision = d.revision
        AND kept.body IS NOT DISTINCT FROM d.body)
   ORDER BY d.i LIMIT 1;
  RAISE 'gesta: a document was changed by somebody else meanwhile'
    USING ERRCODE = 'ZG002',
          DETAIL = coalesce(stale, (SELECT min(d.i) FROM unnest(d_expected) WITH ORDINALITY AS d(expected, i)
                                     WHERE d.expected IS NOT NULL));
END $$;

-- Deliveries that are parked, with all that is known of them, and those that are done; both in the order of
-- subscription and position. What is known is replaced by the next attempt alone: otherwise somebody has decided about
-- it meanwhile. The errors of all of them come in one array, with the number of their delivery.
CREATE FUNCTION gesta.write_deliveries_v1(
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
    ON CONFLICT (subscription, position) DO UPDATE
       SET shard = excluded.shard, state = excluded.state, attempts = excluded.attempts,
           tried_at = excluded.tried_at, due_at = excluded.due_at, errors = excluded.errors
     WHERE known.state IN (0, 1) AND excluded.attempts = known.attempts + 1;
  END IF;
END $$;

-- All of it in one call, and so in one round trip.
CREATE FUNCTION gesta.commit_v1(
  a_subscription text[], a_shard integer[], a_token bigint[], a_from bigint[], a_to bigint[],
  d_collection text[], d_key bytea[], d_body bytea[], d_revision bigint[], d_expected bigint[],
  n_collection text[], n_name text[], i_document integer[], i_name text[], i_value bytea[],
  p_subscription text[], p_position bigint[], p_shard integer[], p_stream_id uuid[], p_category text[], p_stream text[],
  p_version bigint[], p_event text[], p_state integer[], p_attempts bigint[], p_retry_in bigint[],
  e_delivery integer[], e_text text[], o_subscription text[], o_position bigint[])
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
    PERFORM gesta.write_deliveries_v1(p_subscription, p_position, p_shard, p_stream_id, p_category, p_stream,
      p_version, p_event, p_state, p_attempts, p_retry_in, e_delivery, e_text, o_subscription, o_position);
  END IF;
END $$;
