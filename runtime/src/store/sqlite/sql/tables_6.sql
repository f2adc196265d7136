-- Version 6 of the tables: which programs run here, and what they and those before them store.

-- What is stored looks like this. The first that says so is recorded; a row is never changed.
CREATE TABLE gesta_shapes (
    kind        TEXT    NOT NULL, -- event, saga, snapshot
    owner       TEXT    NOT NULL, -- the category of an aggregate, or the name of a saga
    name        TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    shape       TEXT    NOT NULL,
    written     INTEGER NOT NULL,
    release     TEXT    NOT NULL, -- of the program that has recorded it
    recorded_at INTEGER NOT NULL, -- microseconds since 1970, like all times here
    since       INTEGER NOT NULL, -- nothing of it is stored at or before this position
    PRIMARY KEY (kind, owner, name, version)
) WITHOUT ROWID;

CREATE INDEX gesta_shapes_by_name ON gesta_shapes (name, kind);

-- What a program reads and writes, and when it has joined last, counted in joins.
CREATE TABLE gesta_programs (
    digest BLOB    NOT NULL PRIMARY KEY,
    body   TEXT    NOT NULL, -- JSON
    joined INTEGER NOT NULL
) WITHOUT ROWID;

-- Who runs. A member is there until the time that stands here, and as long as its leases of shards are good.
CREATE TABLE gesta_fleet (
    member    BLOB    NOT NULL PRIMARY KEY,
    program   BLOB    NOT NULL,
    release   TEXT    NOT NULL,
    process   INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    until     INTEGER NOT NULL
) WITHOUT ROWID;
