-- Appends, and writes what belongs to the appends: documents, sagas and timers. `must` are the groups that have to be
-- stored whole, because something belongs to them. Where one of them cannot be, or what belongs to it cannot be
-- written, the batch is refused and nothing is stored; the DETAIL names what was in the way, by number:
-- ZG003 groups, ZG001 leases, ZG002 a document. The rest can then be sent again without it.
CREATE FUNCTION gesta.append_process_v1(
  g_stream uuid[], g_expected bigint[], g_events integer[], new_category integer[], new_id text[],
  writing integer, asks boolean,
  e_group integer[], e_ordinal integer[], e_type integer[], e_type_version integer[], e_meta bytea[],
  e_payload bytea[],
  k_key uuid[], k_text text[], k_group integer[], k_command integer[], k_before integer[], k_events integer[],
  k_category integer[], k_id text[], k_last integer[],
  must integer[],
  f_subscription text[], f_shard integer[], f_token bigint[],
  d_collection text[], d_key bytea[], d_body bytea[], d_revision bigint[], d_expected bigint[],
  n_collection text[], n_name text[], i_document integer[], i_name text[], i_value bytea[],
  s_saga text[], s_id text[], s_shard integer[], s_status integer[], s_step text[], s_attempts bigint[], s_after bigint[],
  s_at bigint[], s_error text[], s_definition integer[], s_fingerprint bigint[], w_saga text[], w_id text[],
  t_stream uuid[], t_name text[], t_armed bigint[], t_category text[], t_id text[], t_shard integer[], t_after bigint[],
  t_at bigint[], o_stream uuid[], o_name text[], o_armed bigint[],
  OUT before bigint[], OUT positions bigint[], OUT actual bigint[], OUT tails bigint[],
  OUT used integer[],
  OUT used_version bigint[], OUT used_position bigint[], OUT used_events integer[], OUT used_here boolean[],
  OUT used_category text[], OUT used_id text[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  lost integer[];
BEGIN
  SELECT a.before, a.positions, a.actual, a.tails, a.used, a.used_version, a.used_position, a.used_events, a.used_here,
         a.used_category, a.used_id
    INTO before, positions, actual, tails, used, used_version, used_position, used_events, used_here, used_category,
         used_id
    FROM gesta.append_v1(g_stream, g_expected, g_events, new_category, new_id, writing, asks,
      e_group, e_ordinal, e_type, e_type_version, e_meta, e_payload,
      k_key, k_text, k_group, k_command, k_before, k_events, k_category, k_id, k_last) AS a;
  IF used IS NOT NULL OR pg_catalog.array_position(before, NULL) IS NOT NULL THEN
    SELECT array_agg(m.g) INTO lost FROM unnest(must) AS m(g)
     WHERE before[m.g] IS NULL OR m.g IN (SELECT k_group[u.i] FROM unnest(used) AS u(i));
    IF lost IS NOT NULL THEN
      RAISE 'gesta: not all of the batch can be stored'
        USING ERRCODE = 'ZG003', DETAIL = pg_catalog.array_to_string(lost, ',');
    END IF;
  END IF;
  IF pg_catalog.cardinality(f_shard) > 0 THEN
    lost := gesta.lost_shards_v1(f_subscription, f_shard, f_token);
    IF lost IS NOT NULL THEN
      RAISE 'gesta: a shard was taken over by another worker, given back, paused or reset'
        USING ERRCODE = 'ZG001', DETAIL = pg_catalog.array_to_string(lost, ',');
    END IF;
  END IF;
  IF pg_catalog.cardinality(d_key) > 0 THEN
    PERFORM gesta.write_documents_v1(d_collection, d_key, d_body, d_revision, d_expected,
      n_collection, n_name, i_document, i_name, i_value);
  END IF;
  IF pg_catalog.cardinality(s_id) + pg_catalog.cardinality(w_id) > 0 THEN
    PERFORM gesta.write_sagas_v1(s_saga, s_id, s_shard, s_status, s_step, s_attempts, s_after, s_at, s_error, s_definition,
      s_fingerprint, w_saga, w_id);
  END IF;
  IF pg_catalog.cardinality(t_name) + pg_catalog.cardinality(o_name) > 0 THEN
    PERFORM gesta.write_timers_v1(t_stream, t_name, t_armed, t_category, t_id, t_shard, t_after, t_at,
      o_stream, o_name, o_armed);
  END IF;
END $$;

-- Holds streams until the transaction ends, for one that appends to them in several calls: those that do not exist as
-- well, so that it does not wait for who makes them when it holds others. A row that is made and deleted at once keeps
-- its place until then.
CREATE FUNCTION gesta.hold_streams_v1(g_stream uuid[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  made uuid[];
BEGIN
  WITH inserted AS (
    INSERT INTO gesta.streams (stream_id, version, base_position, category, id)
    SELECT g.stream, 0, 0, 0, '' FROM (SELECT DISTINCT stream FROM unnest(g_stream) AS all_of(stream)) AS g
     ORDER BY g.stream
    ON CONFLICT DO NOTHING RETURNING stream_id)
  SELECT array_agg(stream_id) INTO made FROM inserted;
  IF made IS NOT NULL THEN
    DELETE FROM gesta.streams AS s WHERE s.stream_id = ANY (made);
  END IF;
  PERFORM FROM gesta.streams AS s WHERE s.stream_id = ANY (g_stream) ORDER BY s.stream_id FOR NO KEY UPDATE;
END $$;
