-- What handlers could not handle, and what waits behind it: 0 waiting, 1 retrying, 2 dead, 3 permanent, 4 discarded.
CREATE TABLE gesta.deliveries (
  subscription text COLLATE "C" NOT NULL,
  position     bigint      NOT NULL,
  shard        integer     NOT NULL,
  stream_id    uuid        NOT NULL,
  category     text        NOT NULL,
  stream       text        NOT NULL,
  version      bigint      NOT NULL,
  event        text COLLATE "C" NOT NULL,
  state        smallint    NOT NULL,
  attempts     bigint      NOT NULL,
  parked_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  tried_at     timestamptz,
  due_at       timestamptz,
  errors       text[]      NOT NULL DEFAULT '{}',
  decided_by   text,
  reason       text,
  PRIMARY KEY (subscription, position)
);
-- From the head of one stream to that of the next.
CREATE INDEX deliveries_streams ON gesta.deliveries (subscription, shard, stream_id, position) WHERE state <> 4;

-- The first of each stream that holds up the later ones. It goes from stream to stream, however many wait behind.
CREATE FUNCTION gesta.heads_v1(of_name text, of_shards integer[])
RETURNS TABLE (head_position bigint, head_stream uuid)
LANGUAGE sql STABLE SET plan_cache_mode = force_generic_plan AS $$
  WITH RECURSIVE heads AS (
    SELECT f.shard, f.stream_id, f.position FROM unnest(of_shards) AS s(shard)
     CROSS JOIN LATERAL (
       SELECT d.shard, d.stream_id, d.position FROM gesta.deliveries AS d
        WHERE d.subscription = of_name AND d.shard = s.shard AND d.state <> 4
        ORDER BY d.stream_id, d.position LIMIT 1) AS f
    UNION ALL
    SELECT n.shard, n.stream_id, n.position FROM heads AS h
     CROSS JOIN LATERAL (
       SELECT d.shard, d.stream_id, d.position FROM gesta.deliveries AS d
        WHERE d.subscription = of_name AND d.shard = h.shard AND d.state <> 4 AND d.stream_id > h.stream_id
        ORDER BY d.stream_id, d.position LIMIT 1) AS n)
  SELECT position, stream_id FROM heads
$$;
