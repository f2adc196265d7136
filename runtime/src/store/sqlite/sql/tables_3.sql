-- Version 3 of the tables: what runs over time.

-- How the instances of sagas stand. What they have done stands in their streams.
CREATE TABLE gesta_sagas (
    saga        TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    shard       INTEGER NOT NULL,
    status      TEXT    NOT NULL, -- running, compensating, parked, completed, compensated, abandoned
    step        TEXT,
    attempts    INTEGER NOT NULL,
    taken       INTEGER NOT NULL, -- how often, since it has last come further
    due_at      INTEGER,          -- microseconds since 1970, like all times here; NULL where nobody has to look
    error       TEXT,
    version     INTEGER NOT NULL, -- of the definition
    fingerprint INTEGER NOT NULL, -- of the definition
    started_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (saga, id)
);

-- From what is due now to what is due next, past everything else.
CREATE INDEX gesta_sagas_by_due ON gesta_sagas (saga, shard, due_at) WHERE due_at IS NOT NULL;

-- Timers of streams. One that has fired is not here any more.
CREATE TABLE gesta_timers (
    stream   BLOB    NOT NULL, -- gesta_streams.key
    name     TEXT    NOT NULL,
    category TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    armed    INTEGER NOT NULL,
    shard    INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    UNIQUE (stream, name)
);

CREATE INDEX gesta_timers_by_due ON gesta_timers (category, shard, due_at);
