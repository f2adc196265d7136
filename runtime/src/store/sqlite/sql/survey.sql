-- What a program must know before it starts, in one look: what is recorded of some owners, the names of events that
-- nobody has recorded, who is there, what they read and write, and how often anybody has joined.
WITH clock AS MATERIALIZED (SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 AS now),
there AS MATERIALIZED (
    SELECT f.member, f.program, f.release, f.process, f.joined_at,
           max(f.until, coalesce((SELECT max(w.until) FROM gesta_workers w WHERE w.worker = f.member), 0)) AS until
      FROM gesta_fleet f
)
SELECT (SELECT json_group_array(json_array(s.kind, s.owner, s.name, s.version, s.fingerprint, s.shape, s.written,
                                           s.release, s.recorded_at, s.since,
                                           s.kind <> 'event' OR EXISTS (SELECT 1 FROM gesta_types t
                                                                         WHERE t.name = s.name
                                                                           AND t.version = s.version)))
          FROM json_each(?1) o
          JOIN gesta_shapes s ON s.kind = o.value ->> 0 AND s.owner = o.value ->> 1),
       (SELECT json_group_array(DISTINCT t.name) FROM gesta_types t
         WHERE NOT EXISTS (SELECT 1 FROM gesta_shapes s WHERE s.name = t.name AND s.kind = 'event')),
       (SELECT json_group_array(json_array(hex(t.member), hex(t.program), t.release, t.process, t.joined_at, t.until))
          FROM there t, clock WHERE t.until > clock.now),
       (SELECT json_group_object(hex(p.digest), p.body) FROM gesta_programs p
         WHERE p.digest IN (SELECT t.program FROM there t, clock WHERE t.until > clock.now)),
       (SELECT coalesce(max(p.joined), 0) FROM gesta_programs p);
