-- Which programs run on the store, and what they and those before them store.

-- What is stored looks like this. The first that says so is recorded; a row is never changed.
CREATE TABLE gesta.shapes (
  kind        text COLLATE "C" NOT NULL,            -- event, saga, snapshot
  owner       text COLLATE "C" NOT NULL,            -- the category of an aggregate, or the name of a saga
  name        text COLLATE "C" NOT NULL,
  version     integer     NOT NULL,
  fingerprint bigint      NOT NULL,
  shape       text        NOT NULL,
  written     boolean     NOT NULL,
  release     text        NOT NULL,                 -- of the program that has recorded it
  recorded_at timestamptz NOT NULL,
  since       bigint      NOT NULL,                 -- nothing of it is stored at or before this position
  PRIMARY KEY (kind, owner, name, version)
);
CREATE INDEX shapes_by_name ON gesta.shapes (name, kind);

-- What a program reads and writes, and when it has joined last, counted in joins.
CREATE TABLE gesta.programs (
  digest uuid   PRIMARY KEY,
  body   text   NOT NULL,                           -- JSON
  joined bigint NOT NULL
);

-- Who runs. A member is there until the time that stands here, and as long as its leases of shards are good.
CREATE TABLE gesta.fleet (
  member     uuid        PRIMARY KEY,
  program    uuid        NOT NULL,
  release    text        NOT NULL,
  process    bigint      NOT NULL,
  joined_at  timestamptz NOT NULL,
  good_until timestamptz NOT NULL
) WITH (fillfactor = 70);

-- One at a time: whoever comes later sees what the ones before have written. `seen` are the programs that the member
-- has looked at, at a turn; without them it joins whoever is there.
CREATE FUNCTION gesta.join_v1(
  me uuid, my_program uuid, my_body text, my_release text, my_process bigint, ttl interval, forgotten interval,
  seen uuid[], seen_turn bigint,
  s_kind text[], s_owner text[], s_name text[], s_version integer[], s_fingerprint bigint[], s_shape text[],
  s_written boolean[])
RETURNS boolean LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  moment timestamptz;
  last   bigint;
BEGIN
  LOCK TABLE gesta.programs IN SHARE ROW EXCLUSIVE MODE;
  moment := pg_catalog.clock_timestamp();
  IF seen IS NOT NULL AND EXISTS (
    SELECT FROM gesta.programs AS p WHERE p.joined > seen_turn AND p.digest <> ALL (seen)) THEN
    RETURN false;
  END IF;
  last := coalesce((SELECT max(e.position) FROM gesta.events AS e), 0);
  -- Where none of this name was stored so far, or one was recorded before, none of this version is stored yet.
  INSERT INTO gesta.shapes (kind, owner, name, version, fingerprint, shape, written, release, recorded_at, since)
  SELECT s.kind, s.owner, s.name, s.version, s.fingerprint, s.shape, s.written, my_release, moment,
         CASE WHEN EXISTS (SELECT FROM gesta.shapes AS k
                            WHERE k.kind = s.kind AND k.owner = s.owner AND k.name = s.name)
                OR NOT EXISTS (SELECT FROM gesta.names AS n WHERE n.kind = 2 AND n.name = s.name)
              THEN last ELSE 0 END
    FROM unnest(s_kind, s_owner, s_name, s_version, s_fingerprint, s_shape, s_written)
         AS s(kind, owner, name, version, fingerprint, shape, written)
  ON CONFLICT DO NOTHING;
  DELETE FROM gesta.fleet AS f
   WHERE f.joined_at < moment - forgotten AND f.good_until <= moment
     AND NOT EXISTS (SELECT FROM gesta.workers AS w WHERE w.worker = f.member AND w.good_until > moment);
  INSERT INTO gesta.programs AS p (digest, body, joined)
  SELECT my_program, my_body, coalesce(max(k.joined), 0) + 1 FROM gesta.programs AS k
  ON CONFLICT (digest) DO UPDATE SET joined = excluded.joined;
  INSERT INTO gesta.fleet AS f (member, program, release, process, joined_at, good_until)
  VALUES (me, my_program, my_release, my_process, moment, moment + ttl)
  ON CONFLICT (member) DO UPDATE
     SET program = excluded.program, release = excluded.release, process = excluded.process,
         joined_at = excluded.joined_at, good_until = excluded.good_until;
  RETURN true;
END $$;
