-- The log and what stands around it. Everything lives in the schema `gesta`; nothing outside is touched.

-- The position of an event: the upper bits count segments, the lower 40 count within one. CACHE 1 is what the order
-- of the log rests on (see append_v1), and 2^53 - 1 is the largest number that JSON keeps exactly.
CREATE SEQUENCE gesta.position AS bigint CACHE 1 MAXVALUE 9007199254740991;
-- The first value is thrown away: from now on the next value is always greater than `last_value`.
SELECT pg_catalog.nextval('gesta.position');

-- Words that are repeated in every event, kept once. Programs keep this table in memory.
CREATE TABLE gesta.names (
  id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind smallint NOT NULL,                           -- 1 category of a stream, 2 type of an event
  name text COLLATE "C" NOT NULL,
  UNIQUE (kind, name)
);

-- The head of each stream: the one place where it is decided who may write the next version.
-- No column that changes has an index, and pages keep room: an update stays on its page.
CREATE TABLE gesta.streams (
  stream_id     uuid    PRIMARY KEY,                -- UUIDv5 of category, NUL and id
  version       bigint  NOT NULL,                   -- of its last event
  base_position bigint  NOT NULL,                   -- all its events lie behind this: older segments are not looked at
  category      integer NOT NULL,
  closed        boolean NOT NULL DEFAULT false,
  id            text    NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);

-- The log. One partition per segment; a closed segment can be archived, moved or detached.
CREATE TABLE gesta.events (
  position     bigint      NOT NULL PRIMARY KEY,
  version      bigint      NOT NULL,
  recorded_at  timestamptz NOT NULL,
  type_id      integer     NOT NULL,
  type_version integer     NOT NULL,
  stream_id    uuid        NOT NULL,
  meta         bytea,                               -- JSON; NULL where there is none
  payload      bytea       NOT NULL                 -- JSON as it was given; never jsonb, which would change it
) PARTITION BY RANGE (position);

-- One row per idempotency key. `category` and `id` name a stream that had no events then, and so no head.
CREATE TABLE gesta.commands (
  key       uuid    PRIMARY KEY,                    -- UUIDv5 of the text
  stream_id uuid    NOT NULL,
  version   bigint  NOT NULL,
  position  bigint  NOT NULL,
  events    integer NOT NULL,
  category  integer,
  id        text,
  text      text    NOT NULL
);

-- At most one state per stream, to begin reading from.
CREATE TABLE gesta.snapshots (
  stream_id   uuid        PRIMARY KEY,
  version     bigint      NOT NULL,
  position    bigint      NOT NULL,
  fingerprint bigint      NOT NULL,                 -- of the shape of the state
  saved_at    timestamptz NOT NULL,
  state       bytea       NOT NULL
);

-- lz4 compresses better and faster than the default, where the server was built with it.
DO $$
BEGIN
  ALTER TABLE gesta.events ALTER COLUMN payload SET COMPRESSION lz4;
  ALTER TABLE gesta.snapshots ALTER COLUMN state SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
