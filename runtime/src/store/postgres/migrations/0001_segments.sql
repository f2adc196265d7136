-- Makes the partition of a segment. (stream, version) is unique in each partition; across them it is so because
-- the head of the stream gives every version once.
CREATE FUNCTION gesta.add_segment(segment bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  leaf text := pg_catalog.format('events_%s', segment);
BEGIN
  EXECUTE pg_catalog.format(
    'CREATE TABLE IF NOT EXISTS gesta.%I PARTITION OF gesta.events FOR VALUES FROM (%s) TO (%s)
       WITH (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_freeze_min_age = 0)',
    leaf, segment << 40, (segment + 1) << 40);
  EXECUTE pg_catalog.format('CREATE UNIQUE INDEX IF NOT EXISTS %I ON gesta.%I (stream_id, version)',
    leaf || '_stream', leaf);
END $$;

SELECT gesta.add_segment(0), gesta.add_segment(1);

-- Begins a new segment, once a day, week or month, and returns its number. Call it as well after a restore from a
-- backup or a failover that may have lost the end of the log: new positions are then above all that were ever seen.
-- Appends that are under way end in the old segment; nobody waits.
CREATE FUNCTION gesta.rotate() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  segment bigint;
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(7451612233214489);
  SELECT (last_value >> 40) + 1 INTO segment FROM gesta.position;
  PERFORM gesta.add_segment(segment), gesta.add_segment(segment + 1);
  PERFORM pg_catalog.setval('gesta.position', segment << 40, true);
  RETURN segment;
END $$;
