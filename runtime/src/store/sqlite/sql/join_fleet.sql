-- Member, program, release, process, for how long; and what the program is.
INSERT INTO gesta_fleet (member, program, release, process, joined_at, until)
VALUES (?1, ?2, ?3, ?4, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000,
        CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + ?5)
    ON CONFLICT (member) DO UPDATE
   SET program = excluded.program, release = excluded.release, process = excluded.process,
       joined_at = excluded.joined_at, until = excluded.until;
INSERT INTO gesta_programs (digest, body, joined)
SELECT ?2, ?6, coalesce(max(joined), 0) + 1 FROM gesta_programs WHERE TRUE
    ON CONFLICT (digest) DO UPDATE SET joined = excluded.joined;
