-- Version 2 of the tables: what those need who follow the log.

-- The names of subscriptions, once each.
CREATE TABLE gesta_subscriptions (
    id     INTEGER PRIMARY KEY,
    name   TEXT    NOT NULL UNIQUE,
    paused INTEGER NOT NULL DEFAULT 0
);

-- How far the shards are, and who works on them. The owner's lease is good as long as its row in gesta_workers says.
CREATE TABLE gesta_shards (
    subscription INTEGER NOT NULL,
    shard        INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    owner        BLOB,
    token        INTEGER NOT NULL, -- grows whenever the shard changes hands
    PRIMARY KEY (subscription, shard)
) WITHOUT ROWID;

-- Who works on a subscription, and until when its leases are good.
CREATE TABLE gesta_workers (
    subscription INTEGER NOT NULL,
    worker       BLOB    NOT NULL,
    until        INTEGER NOT NULL, -- microseconds since 1970
    PRIMARY KEY (subscription, worker)
) WITHOUT ROWID;

-- The generations of projections.
CREATE TABLE gesta_projections (
    projection  TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    state       INTEGER NOT NULL, -- 0 building, 1 live, 2 superseded
    declared_at INTEGER NOT NULL, -- microseconds since 1970
    PRIMARY KEY (projection, version)
) WITHOUT ROWID;

-- Documents: JSON, byte for byte. Without a body, one that was deleted and is remembered.
CREATE TABLE gesta_documents (
    collection TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    body       BLOB,
    UNIQUE (collection, key)
);

-- The values that documents are found by; their bytes have the order of the values.
CREATE TABLE gesta_document_indexes (
    collection TEXT NOT NULL,
    key        TEXT NOT NULL,
    name       TEXT NOT NULL,
    value      BLOB NOT NULL,
    PRIMARY KEY (collection, key, name)
) WITHOUT ROWID;

CREATE INDEX gesta_document_indexes_by_value ON gesta_document_indexes (collection, name, value, key);

-- Deliveries that could not be made, and those that wait behind them.
CREATE TABLE gesta_deliveries (
    subscription TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    shard        INTEGER NOT NULL,
    stream       BLOB    NOT NULL, -- gesta_streams.key
    category     TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    event        TEXT    NOT NULL,
    state        INTEGER NOT NULL, -- 0 waiting, 1 retrying, 2 dead, 3 permanent, 4 discarded
    attempts     INTEGER NOT NULL,
    parked_at    INTEGER NOT NULL, -- microseconds since 1970, like all times here
    tried_at     INTEGER,
    due_at       INTEGER,
    errors       TEXT    NOT NULL, -- an array in JSON
    decided_by   TEXT,
    reason       TEXT,
    UNIQUE (subscription, position)
);

CREATE INDEX gesta_deliveries_of_stream ON gesta_deliveries (subscription, stream, position) WHERE state <> 4;

-- Documents for people: `json_extract(body, '$.owner') = 'ann'`.
CREATE VIEW gesta_document_texts AS
SELECT collection, key, revision, CAST(body AS TEXT) AS body FROM gesta_documents WHERE body IS NOT NULL;
