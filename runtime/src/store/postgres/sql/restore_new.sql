INSERT INTO gesta.streams (stream_id, version, base_position, category, id)
SELECT n.stream_id, n.version, $5, n.category, n.id
  FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::text[]) AS n(stream_id, version, category, id)
 ORDER BY n.stream_id ON CONFLICT DO NOTHING RETURNING stream_id
