-- Where the log ends, the last number given to a stream, and the time, by the clock of SQLite.
SELECT 0,
       (SELECT coalesce(max(position), 0) FROM gesta_events),
       (SELECT coalesce(max(id), 0) FROM gesta_streams),
       CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000;
