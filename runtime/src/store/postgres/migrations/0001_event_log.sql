-- Bytes as jsonb, for people. Whatever cannot be jsonb (a NUL, half a surrogate pair, 1e400000, no JSON at all) is
-- given as a string: the text as it stands, or with escapes where it is not even text.
CREATE FUNCTION gesta.readable(bytes bytea) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN pg_catalog.convert_from(bytes, 'UTF8')::jsonb;
EXCEPTION WHEN others THEN
  BEGIN
    RETURN pg_catalog.to_jsonb(pg_catalog.convert_from(bytes, 'UTF8'));
  EXCEPTION WHEN others THEN
    BEGIN
      RETURN pg_catalog.to_jsonb(pg_catalog.encode(bytes, 'escape'));
    EXCEPTION WHEN others THEN
      RETURN NULL;                                  -- larger than a jsonb can be
    END;
  END;
END $$;

-- The log with everything in words, for psql and for questions about payloads. Events show up here as soon as they
-- are committed; programs that must not miss any read with read_log_v1 instead.
CREATE VIEW gesta.event_log AS
SELECT e.position, c.name AS category, s.id AS stream, e.version, e.recorded_at, t.name AS type, e.type_version,
       gesta.readable(e.payload) AS payload, gesta.readable(e.meta) AS meta, e.stream_id
  FROM gesta.events AS e
  JOIN gesta.streams AS s ON s.stream_id = e.stream_id
  JOIN gesta.names AS c ON c.id = s.category
  JOIN gesta.names AS t ON t.id = e.type_id;
