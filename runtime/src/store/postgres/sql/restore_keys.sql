INSERT INTO gesta.commands (key, stream_id, version, position, events, category, id, text)
SELECT k.key, k.stream_id, k.version, k.position, k.events, k.category, k.id, k.text
  FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::integer[], $6::integer[], $7::text[], $8::text[])
       AS k(key, stream_id, version, position, events, category, id, text)
