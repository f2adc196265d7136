-- Who follows the log, how far he has come, and who works on it.

CREATE TABLE gesta.subscriptions (
  name        text COLLATE "C" PRIMARY KEY,
  shards      integer     NOT NULL,
  paused      boolean     NOT NULL DEFAULT false,
  declared_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);

-- One row per shard: its position and its lease. A lease is good for as long as it was taken for, and for as long as
-- its worker is there: so a worker that goes on writes one row and not all its shards. A shard without a lease has been
-- free ever since, and one that is paused never is. No column that changes has an index, and pages keep room.
CREATE TABLE gesta.shards (
  subscription text COLLATE "C" NOT NULL,
  shard        integer     NOT NULL,
  position     bigint      NOT NULL,                -- up to here its events are done
  token        bigint      NOT NULL DEFAULT 0,      -- when the shard changed hands last; it always grows
  owner        uuid,                                -- the worker; NULL where there is no lease
  taken_until  timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (subscription, shard)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);

-- Who is there to work on a subscription, and until when he counts: among those the shards are shared out.
CREATE TABLE gesta.workers (
  subscription text COLLATE "C" NOT NULL,
  worker       uuid        NOT NULL,
  good_until   timestamptz NOT NULL,
  PRIMARY KEY (subscription, worker)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);

CREATE FUNCTION gesta.declare_v1(of_name text, of_shards integer, start bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gesta.subscriptions (name, shards) VALUES (of_name, of_shards) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    INSERT INTO gesta.shards (subscription, shard, position)
    SELECT of_name, n, start FROM pg_catalog.generate_series(0, of_shards - 1) AS n;
  END IF;
END $$;

-- A worker is there, keeps what nobody has taken from it, takes free shards up to its share, and is told what it has
-- then. It waits for no commit: a shard that is being committed to is left for the next time. Tokens are moments, in
-- microseconds, so that a database that is set back to a backup does not give out those again that it has forgotten.
CREATE FUNCTION gesta.claim_v1(me uuid, wanted text[], ttl interval)
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
     SET owner = me, taken_until = moment + ttl,
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

-- The locks of shards are always taken in this order, so nobody waits for another in a circle.
CREATE FUNCTION gesta.lock_shards_v1(of_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM gesta.shards AS s WHERE s.subscription = of_name ORDER BY s.shard FOR NO KEY UPDATE;
END $$;

CREATE FUNCTION gesta.release_v1(me uuid, r_subscription text[], r_shard integer[], r_token bigint[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  UPDATE gesta.shards AS s SET owner = NULL, taken_until = '-infinity'
    FROM (SELECT x.subscription, x.shard FROM unnest(r_subscription, r_shard, r_token) AS r(subscription, shard, token)
            JOIN gesta.shards AS x ON x.subscription = r.subscription AND x.shard = r.shard
           WHERE x.owner = me AND x.token = r.token
           ORDER BY x.subscription, x.shard FOR NO KEY UPDATE OF x) AS given
   WHERE s.subscription = given.subscription AND s.shard = given.shard;
END $$;

CREATE FUNCTION gesta.leave_v1(me uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE gesta.shards AS s SET owner = NULL, taken_until = '-infinity'
    FROM (SELECT x.subscription, x.shard FROM gesta.shards AS x WHERE x.owner = me
           ORDER BY x.subscription, x.shard FOR NO KEY UPDATE) AS mine
   WHERE s.subscription = mine.subscription AND s.shard = mine.shard;
  DELETE FROM gesta.workers AS w WHERE w.worker = me;
END $$;

-- Without its lease a worker commits nothing any more, and the next one has another token.
CREATE FUNCTION gesta.pause_v1(of_name text, pausing boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  was boolean;
BEGIN
  SELECT b.paused INTO was FROM gesta.subscriptions AS b WHERE b.name = of_name FOR NO KEY UPDATE;
  IF was IS DISTINCT FROM pausing AND was IS NOT NULL THEN
    UPDATE gesta.subscriptions AS b SET paused = pausing WHERE b.name = of_name;
    PERFORM gesta.lock_shards_v1(of_name);
    UPDATE gesta.shards AS s
       SET owner = NULL,
           taken_until = CASE WHEN pausing THEN 'infinity'::timestamptz ELSE '-infinity' END
     WHERE s.subscription = of_name;
  END IF;
  RETURN was IS NOT NULL;
END $$;

CREATE FUNCTION gesta.reset_v1(of_name text, to_position bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  is_paused boolean;
BEGIN
  SELECT b.paused INTO is_paused FROM gesta.subscriptions AS b WHERE b.name = of_name FOR NO KEY UPDATE;
  IF is_paused IS NULL THEN
    RETURN false;
  END IF;
  PERFORM gesta.lock_shards_v1(of_name);
  UPDATE gesta.shards AS s
     SET position = to_position, owner = NULL,
         taken_until = CASE WHEN is_paused THEN 'infinity'::timestamptz ELSE '-infinity' END
   WHERE s.subscription = of_name;
  DELETE FROM gesta.deliveries AS d WHERE d.subscription = of_name;
  RETURN true;
END $$;

CREATE FUNCTION gesta.remove_v1(of_name text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  existed boolean;
BEGIN
  DELETE FROM gesta.subscriptions AS b WHERE b.name = of_name;
  existed := FOUND;
  PERFORM gesta.lock_shards_v1(of_name);
  DELETE FROM gesta.shards AS s WHERE s.subscription = of_name;
  DELETE FROM gesta.workers AS w WHERE w.subscription = of_name;
  DELETE FROM gesta.deliveries AS d WHERE d.subscription = of_name;
  RETURN existed;
END $$;
