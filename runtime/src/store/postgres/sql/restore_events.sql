WITH written AS (
  INSERT INTO gesta.events (position, version, recorded_at, type_id, type_version, stream_id, meta, payload)
  SELECT pg_catalog.nextval('gesta.position'), e.version,
         timestamptz 'epoch' + e.recorded_at * interval '1 microsecond', e.type_id, e.type_version, e.stream_id, e.meta,
         e.payload
    FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::integer[], $5::uuid[], $6::bytea[], $7::bytea[])
         WITH ORDINALITY AS e(version, recorded_at, type_id, type_version, stream_id, meta, payload, i)
  RETURNING position)
SELECT max(w.position) FROM written AS w
