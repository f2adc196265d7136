-- Makes the partition of a segment. (stream, version) is unique in each partition; across them it is so because
-- the head of the stream gives every version once.
-- A table is made first and attached then: that waits for nobody, as making a partition at once would.
CREATE FUNCTION gesta.add_segment(segment bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  leaf text := pg_catalog.format('events_%s', segment);
BEGIN
  IF pg_catalog.to_regclass('gesta.' || leaf) IS NULL THEN
    EXECUTE pg_catalog.format(
      'CREATE TABLE gesta.%I (LIKE gesta.events INCLUDING ALL)
         WITH (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_freeze_min_age = 0)', leaf);
    EXECUTE pg_catalog.format('CREATE UNIQUE INDEX %I ON gesta.%I (stream_id, version)', leaf || '_stream', leaf);
    EXECUTE pg_catalog.format('ALTER TABLE gesta.events ATTACH PARTITION gesta.%I FOR VALUES FROM (%s) TO (%s)',
      leaf, segment << 40, (segment + 1) << 40);
  END IF;
END $$;

SELECT gesta.add_segment(0), gesta.add_segment(1);

-- Begins a new segment, once a day, week or month, and returns the number of the segment that is written from now
-- on. Call it as well after a restore from a backup or a failover that may have lost the end of the log: new
-- positions are then above all that were ever seen. Appends that are under way end in the old segment; nobody waits.
--
-- The jump of the sequence is seen at once, new partitions only after the commit: so there is always one in advance,
-- and where it is missing, it is made, and the jump is left to the next call. Only a transaction that has appended
-- before the call before this one, and appends again after this one, is told to begin again.
CREATE FUNCTION gesta.rotate() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  segment bigint;
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(7451612233214489);
  SELECT (last_value >> 40) + 1 INTO segment FROM gesta.position;
  IF pg_catalog.to_regclass('gesta.events_' || segment) IS NULL THEN
    PERFORM gesta.add_segment(segment);
    RETURN segment - 1;
  END IF;
  PERFORM gesta.add_segment(segment + 1);
  PERFORM pg_catalog.setval('gesta.position', segment << 40, true);
  RETURN segment;
END $$;
