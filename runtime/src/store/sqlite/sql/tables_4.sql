-- Version 4 of the tables: an event may be delivered in the order of several streams, once in each.
CREATE TABLE gesta_deliveries_4 (
    subscription TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    shard        INTEGER NOT NULL,
    stream       BLOB    NOT NULL, -- the key of the one in whose order it is delivered
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
    UNIQUE (subscription, position, stream)
);

INSERT INTO gesta_deliveries_4
SELECT subscription, position, shard, stream, category, name, version, event, state, attempts, parked_at, tried_at,
       due_at, errors, decided_by, reason
  FROM gesta_deliveries;

DROP TABLE gesta_deliveries;

ALTER TABLE gesta_deliveries_4 RENAME TO gesta_deliveries;

CREATE INDEX gesta_deliveries_of_stream ON gesta_deliveries (subscription, stream, position) WHERE state <> 4;
