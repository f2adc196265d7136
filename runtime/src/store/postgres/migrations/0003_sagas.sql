-- How sagas stand, and the timers of streams. What has happened to them stands in their streams.

-- `due_at` and `suspect` are the only columns that change and have an index, and neither changes while an instance goes
-- from step to step: such an update stays on its page.
CREATE TABLE gesta.sagas (
  saga        text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL,
  shard       integer     NOT NULL,
  status      smallint    NOT NULL,                 -- 0 running, 1 compensating, 2 parked, 3 completed, 4 compensated,
                                                    -- 5 abandoned
  step        text,
  attempts    bigint      NOT NULL,                 -- of the step
  taken       bigint      NOT NULL DEFAULT 0,       -- how often it was taken since it has last come further
  suspect     boolean     NOT NULL DEFAULT false,   -- whether that was too often
  due_at      timestamptz,                          -- NULL where nobody has to look at it
  error       text,
  definition  integer     NOT NULL,
  fingerprint bigint      NOT NULL,
  started_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (saga, id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
CREATE INDEX sagas_due ON gesta.sagas (saga, suspect, shard, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE gesta.timers (
  stream_id uuid        NOT NULL,
  name      text COLLATE "C" NOT NULL,
  armed     bigint      NOT NULL,                   -- tells this setting from earlier ones
  category  text COLLATE "C" NOT NULL,
  stream    text        NOT NULL,
  shard     integer     NOT NULL,
  due_at    timestamptz NOT NULL,
  PRIMARY KEY (stream_id, name)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
CREATE INDEX timers_due ON gesta.timers (category, shard, due_at);

-- A time that is given as one, or as so long from now, in microseconds; the earlier one of both.
CREATE FUNCTION gesta.due_v1(moment timestamptz, after bigint, at bigint) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
  SELECT least(moment + after * interval '1 microsecond', timestamptz 'epoch' + at * interval '1 microsecond')
$$;

-- Rows of sagas and instances that are woken, each in the order of saga and instance, and each instance once in each.
-- One that is due already stays due since then.
CREATE FUNCTION gesta.write_sagas_v1(
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

-- Timers that are set, and those that are taken away: any setting where none is named. Each in the order of stream and
-- name, and no timer in both.
CREATE FUNCTION gesta.write_timers_v1(
  t_stream uuid[], t_name text[], t_armed bigint[], t_category text[], t_id text[], t_shard integer[], t_after bigint[],
  t_at bigint[], g_stream uuid[], g_name text[], g_armed bigint[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz := pg_catalog.clock_timestamp();
BEGIN
  IF pg_catalog.cardinality(g_name) > 0 THEN
    DELETE FROM gesta.timers AS t USING unnest(g_stream, g_name, g_armed) AS g(stream_id, name, armed)
     WHERE t.stream_id = g.stream_id AND t.name = g.name AND (g.armed IS NULL OR t.armed = g.armed);
  END IF;
  IF pg_catalog.cardinality(t_name) > 0 THEN
    INSERT INTO gesta.timers AS kept (stream_id, name, armed, category, stream, shard, due_at)
    SELECT t.stream_id, t.name, t.armed, t.category, t.id, t.shard, gesta.due_v1(moment, t.after, t.at)
      FROM unnest(t_stream, t_name, t_armed, t_category, t_id, t_shard, t_after, t_at)
           AS t(stream_id, name, armed, category, id, shard, after, at)
    ON CONFLICT (stream_id, name) DO UPDATE
       SET armed = excluded.armed, shard = excluded.shard, due_at = excluded.due_at;
  END IF;
END $$;

-- Holds shards until the transaction ends, so that nobody takes them over meanwhile, and says which of them are
-- somebody else's by now: by number, NULL where none is. They come in the order of subscription and shard. Others with
-- the same lease hold them at the same time.
CREATE FUNCTION gesta.lost_shards_v1(f_subscription text[], f_shard integer[], f_token bigint[]) RETURNS integer[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  held integer[];
BEGIN
  SELECT array_agg(h.i) INTO held FROM (
    SELECT f.i FROM unnest(f_subscription, f_shard, f_token) WITH ORDINALITY AS f(subscription, shard, token, i)
      JOIN gesta.shards AS s ON s.subscription = f.subscription AND s.shard = f.shard
     WHERE s.token = f.token AND s.owner IS NOT NULL
     ORDER BY s.subscription, s.shard FOR SHARE OF s) AS h;
  IF coalesce(pg_catalog.cardinality(held), 0) = pg_catalog.cardinality(f_shard) THEN
    RETURN NULL;
  END IF;
  RETURN ARRAY (SELECT n FROM pg_catalog.generate_series(1, pg_catalog.cardinality(f_shard)) AS n
                 WHERE held IS NULL OR n <> ALL (held));
END $$;
