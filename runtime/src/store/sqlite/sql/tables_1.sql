-- Version 1 of the tables. A later version is a file of its own; this one is never changed.

-- The names of streams, once each. Where a stream ends is not kept here but read from its events, so that no
-- append can leave the two in disagreement.
CREATE TABLE gesta_streams (
    id       INTEGER PRIMARY KEY,
    key      BLOB    NOT NULL UNIQUE,
    category TEXT    NOT NULL,
    name     TEXT    NOT NULL
);

-- Types of events in words, once each. Rows are added and never changed, so that programs may remember them.
CREATE TABLE gesta_types (
    id      INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (name, version)
);

-- The log: positions 1, 2, 3, .. without gaps.
CREATE TABLE gesta_events (
    position    INTEGER PRIMARY KEY,
    stream      INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL, -- microseconds since 1970
    type        INTEGER NOT NULL,
    meta        BLOB,
    payload     BLOB    NOT NULL
);

CREATE UNIQUE INDEX gesta_events_of_stream ON gesta_events (stream, version);

-- One row per idempotency key: the receipt that it was given first.
CREATE TABLE gesta_keys (
    key      TEXT    NOT NULL PRIMARY KEY,
    stream   INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    events   INTEGER NOT NULL
) WITHOUT ROWID;

-- The state of a stream at a version; only a shortcut, which may be deleted at any time.
CREATE TABLE gesta_snapshots (
    stream      BLOB    NOT NULL PRIMARY KEY, -- gesta_streams.key
    version     INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    state       BLOB    NOT NULL
);

-- The log for people and for filters by payload: `json_extract(payload, '$.cents') > 100`.
CREATE VIEW gesta_event_log AS
SELECT e.position,
       s.category,
       s.name AS id,
       e.version,
       strftime('%Y-%m-%dT%H:%M:%f', e.recorded_at / 1000000.0, 'unixepoch') || 'Z' AS recorded_at,
       t.name AS type,
       t.version AS type_version,
       CAST(e.meta AS TEXT) AS meta,
       CAST(e.payload AS TEXT) AS payload
  FROM gesta_events e
  LEFT JOIN gesta_streams s ON s.id = e.stream
  LEFT JOIN gesta_types t ON t.id = e.type;
