-- The versions of gesta's tables. The application's own migrations have a table of their own.
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS gesta_schema (
    version    INTEGER PRIMARY KEY,
    applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
