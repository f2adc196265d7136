-- The documents of projections.

-- The versions of a projection's code: 0 being built, 1 live, 2 superseded.
CREATE TABLE gesta.projections (
  name        text COLLATE "C" NOT NULL,
  version     bigint      NOT NULL,
  state       smallint    NOT NULL,
  declared_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX projections_live ON gesta.projections (name) WHERE state = 1;

-- Keys are bytes: their order is that of their bytes, and no text of PostgreSQL can hold a NUL.
-- No column that changes has an index, and pages keep room: an update stays on its page.
CREATE TABLE gesta.documents (
  collection text COLLATE "C" NOT NULL,
  key        bytea  NOT NULL,
  revision   bigint NOT NULL,
  body       bytea,                                 -- JSON as it was given; NULL for one that was deleted
  PRIMARY KEY (collection, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);

-- The values that documents are found by; a deleted one has none.
CREATE TABLE gesta.document_indexes (
  collection text COLLATE "C" NOT NULL,
  key        bytea NOT NULL,
  name       text COLLATE "C" NOT NULL,
  value      bytea NOT NULL,                        -- the order of the bytes is that of the values
  PRIMARY KEY (collection, key, name)
);
CREATE UNIQUE INDEX document_indexes_value ON gesta.document_indexes (collection, name, value, key);

DO $$
BEGIN
  ALTER TABLE gesta.documents ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;

-- With everything in words, for psql.
CREATE VIEW gesta.document_list AS
SELECT d.collection, pg_catalog.encode(d.key, 'escape') AS key, d.revision, gesta.readable(d.body) AS body
  FROM gesta.documents AS d;

-- The first of a projection is live at once, a later one is built. Of two that are the first at the same moment, the
-- index of live ones lets one through.
CREATE FUNCTION gesta.declare_generation_v1(of_name text, of_version bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM gesta.projections AS p WHERE p.name = of_name) THEN
    INSERT INTO gesta.projections (name, version, state) VALUES (of_name, of_version, 1) ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO gesta.projections (name, version, state) VALUES (of_name, of_version, 0) ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION gesta.promote_v1(of_name text, of_version bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM gesta.projections AS p WHERE p.name = of_name ORDER BY p.version FOR NO KEY UPDATE;
  IF NOT EXISTS (SELECT FROM gesta.projections AS p WHERE p.name = of_name AND p.version = of_version AND p.state = 0)
     OR EXISTS (SELECT FROM gesta.projections AS p WHERE p.name = of_name AND p.version > of_version AND p.state = 1)
  THEN
    RETURN false;
  END IF;
  UPDATE gesta.projections AS p SET state = 2 WHERE p.name = of_name AND p.state = 1;
  UPDATE gesta.projections AS p SET state = 1 WHERE p.name = of_name AND p.version = of_version;
  RETURN true;
END $$;

-- Some documents of a collection fewer; how many.
CREATE FUNCTION gesta.clear_some_v1(of_collection text, most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  gone bytea[];
BEGIN
  WITH picked AS MATERIALIZED (
    SELECT d.key FROM gesta.documents AS d WHERE d.collection = of_collection ORDER BY d.key LIMIT most FOR UPDATE),
  deleted AS (
    DELETE FROM gesta.documents AS d USING picked AS s WHERE d.collection = of_collection AND d.key = s.key
    RETURNING d.key)
  SELECT array_agg(x.key) INTO gone FROM deleted AS x;
  DELETE FROM gesta.document_indexes AS i USING unnest(gone) AS g(key)
   WHERE i.collection = of_collection AND i.key = g.key;
  RETURN coalesce(pg_catalog.cardinality(gone), 0);
END $$;
