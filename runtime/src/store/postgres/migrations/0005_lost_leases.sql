-- Which instances of sagas were at work when a lease was lost.

-- How many leases of the shard were not given back, but taken away when they had run out.
ALTER TABLE gesta.shards ADD COLUMN lost bigint NOT NULL DEFAULT 0;

-- How many that were when the instance was taken last; NULL where it was not taken since it has come further. Where it
-- was, and more are lost by now, `taken` grows: it counts that, and not every time.
ALTER TABLE gesta.sagas ADD COLUMN seen bigint;
UPDATE gesta.sagas SET taken = 0, suspect = false WHERE taken <> 0;

-- A worker is there, keeps what nobody has taken from it, takes free shards up to its share, and is told what it has
-- then. It waits for no commit: a shard that is being committed to is left for the next time. Tokens are moments, in
-- microseconds, so that a database that is set back to a backup does not give out those again that it has forgotten. A
-- shard that has an owner still was not given back: its lease is lost.
CREATE OR REPLACE FUNCTION gesta.claim_v1(me uuid, wanted text[], ttl interval)
RETURNS TABLE (all_shards integer, share integer, is_paused boolean, lease_shards integer[], lease_tokens bigint[],
  lease_positions bigint[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  -- A little early where there was something to wait for, which does no harm: the row locks decide.
  moment timestamptz := pg_catalog.clock_timestamp();
BEGIN
  INSERT INTO gesta.workers AS w (subscription, worker, good_until)
  SELECT s.name, me, moment + ttl FROM gesta.subscriptions AS s WHERE s.name = ANY (wanted) ORDER BY s.name
  ON CONFLICT (subscription, worker) DO UPDATE SET good_until = excluded.good_until;
  DELETE FROM gesta.workers AS w USING (
    SELECT x.subscription, x.worker FROM gesta.workers AS x
     WHERE x.subscription = ANY (wanted) AND x.good_until < moment - interval '1 minute' FOR UPDATE SKIP LOCKED) AS gone
   WHERE w.subscription = gone.subscription AND w.worker = gone.worker;

  UPDATE gesta.shards AS s
     SET owner = me, taken_until = moment + ttl, lost = s.lost + (s.owner IS NOT NULL)::integer,
         token = greatest(s.token + 1, (extract(epoch FROM moment) * 1000000)::bigint)
    FROM (SELECT b.name, b.shards, count(w.worker) AS workers,
                 (SELECT count(*) FROM gesta.shards AS h WHERE h.subscription = b.name AND h.owner = me) AS held
            FROM gesta.subscriptions AS b
            JOIN gesta.workers AS w ON w.subscription = b.name AND w.good_until > moment
           WHERE b.name = ANY (wanted) AND NOT b.paused
           GROUP BY b.name) AS n
   CROSS JOIN LATERAL (
     SELECT f.subscription, f.shard FROM gesta.shards AS f
      WHERE f.subscription = n.name AND f.taken_until <= moment AND f.owner IS DISTINCT FROM me
        AND NOT EXISTS (
          SELECT FROM gesta.workers AS o
           WHERE o.subscription = f.subscription AND o.worker = f.owner AND o.good_until > moment)
      ORDER BY f.shard LIMIT greatest((n.shards + n.workers - 1) / n.workers - n.held, 0)
        FOR NO KEY UPDATE SKIP LOCKED) AS free
   WHERE s.subscription = free.subscription AND s.shard = free.shard;

  RETURN QUERY
  SELECT b.shards, ((b.shards + p.workers - 1) / p.workers)::integer, b.paused, l.shards, l.tokens, l.positions
    FROM unnest(wanted) WITH ORDINALITY AS a(name, i)
    LEFT JOIN gesta.subscriptions AS b ON b.name = a.name
    LEFT JOIN LATERAL (
      SELECT greatest(count(*), 1) AS workers FROM gesta.workers AS w
       WHERE w.subscription = b.name AND w.good_until > moment) AS p ON true
    LEFT JOIN LATERAL (
      SELECT array_agg(s.shard ORDER BY s.shard) AS shards, array_agg(s.token ORDER BY s.shard) AS tokens,
             array_agg(s.position ORDER BY s.shard) AS positions
        FROM gesta.shards AS s WHERE s.subscription = b.name AND s.owner = me) AS l ON true
   ORDER BY a.i;
END $$;

-- Rows of sagas and instances that are woken, each in the order of saga and instance, and each instance once in each.
-- One that is due already stays due since then. Who has come further was not taken since.
CREATE OR REPLACE FUNCTION gesta.write_sagas_v1(
  s_saga text[], s_id text[], s_shard integer[], s_status integer[], s_step text[], s_attempts bigint[], s_after bigint[],
  s_at bigint[], s_error text[], s_definition integer[], s_fingerprint bigint[], w_saga text[], w_id text[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz := pg_catalog.clock_timestamp();
BEGIN
  IF pg_catalog.cardinality(w_id) > 0 THEN
    -- All of them in one order, so that nobody waits for another in a circle.
    PERFORM FROM unnest(s_saga || w_saga, s_id || w_id) AS w(saga, id)
      JOIN gesta.sagas AS s ON s.saga = w.saga AND s.id = w.id
     ORDER BY s.saga, s.id FOR NO KEY UPDATE OF s;
  END IF;
  INSERT INTO gesta.sagas AS kept (saga, id, shard, status, step, attempts, due_at, error, definition, fingerprint,
    started_at, updated_at)
  SELECT w.saga, w.id, w.shard, w.status, w.step, w.attempts, gesta.due_v1(moment, w.after, w.at), w.error, w.definition,
         w.fingerprint, moment, moment
    FROM unnest(s_saga, s_id, s_shard, s_status, s_step, s_attempts, s_after, s_at, s_error, s_definition, s_fingerprint)
         AS w(saga, id, shard, status, step, attempts, after, at, error, definition, fingerprint)
  ON CONFLICT (saga, id) DO UPDATE
     SET status = excluded.status, step = excluded.step, attempts = excluded.attempts, taken = 0, suspect = false,
         seen = NULL,
         due_at = CASE WHEN kept.due_at <= moment AND excluded.due_at <= moment THEN kept.due_at
                       ELSE excluded.due_at END,
         error = excluded.error, definition = excluded.definition, fingerprint = excluded.fingerprint,
         updated_at = moment;
  IF pg_catalog.cardinality(w_id) > 0 THEN
    UPDATE gesta.sagas AS s SET due_at = moment
      FROM unnest(w_saga, w_id) AS w(saga, id)
     WHERE s.saga = w.saga AND s.id = w.id AND s.status IN (0, 1) AND (s.due_at IS NULL OR s.due_at > moment);
  END IF;
END $$;
