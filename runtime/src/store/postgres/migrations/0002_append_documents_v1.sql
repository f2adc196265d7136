-- Appends, and writes the documents that belong to the appends, where all of it can be stored. Otherwise it refuses,
-- and nothing is: ZG003 where not all events can be stored, ZG002 where a document has another revision than expected.
-- What becomes of each append is then found out one after the other.
CREATE FUNCTION gesta.append_documents_v1(
  g_stream uuid[], g_expected bigint[], g_events integer[], new_category integer[], new_id text[],
  writing integer, asks boolean,
  e_group integer[], e_ordinal integer[], e_type integer[], e_type_version integer[], e_meta bytea[],
  e_payload bytea[],
  k_key uuid[], k_text text[], k_group integer[], k_command integer[], k_before integer[], k_events integer[],
  k_category integer[], k_id text[], k_last integer[],
  d_collection text[], d_key bytea[], d_body bytea[], d_revision bigint[], d_expected bigint[],
  n_collection text[], n_name text[], i_document integer[], i_name text[], i_value bytea[],
  OUT before bigint[], OUT positions bigint[], OUT actual bigint[], OUT tails bigint[],
  OUT used integer[],
  OUT used_version bigint[], OUT used_position bigint[], OUT used_events integer[], OUT used_here boolean[],
  OUT used_category text[], OUT used_id text[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  SELECT a.before, a.positions, a.actual, a.tails, a.used
    INTO before, positions, actual, tails, used
    FROM gesta.append_v1(g_stream, g_expected, g_events, new_category, new_id, writing, asks,
      e_group, e_ordinal, e_type, e_type_version, e_meta, e_payload,
      k_key, k_text, k_group, k_command, k_before, k_events, k_category, k_id, k_last) AS a;
  IF used IS NOT NULL OR pg_catalog.array_position(before, NULL) IS NOT NULL
     OR coalesce(pg_catalog.cardinality(positions), 0) < pg_catalog.cardinality(e_group) THEN
    RAISE 'gesta: not all of the batch can be stored' USING ERRCODE = 'ZG003';
  END IF;
  PERFORM gesta.write_documents_v1(d_collection, d_key, d_body, d_revision, d_expected,
    n_collection, n_name, i_document, i_name, i_value);
END $$;
