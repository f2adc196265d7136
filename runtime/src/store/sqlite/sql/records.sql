-- What is recorded of everything that programs store, and of each domain the program that has joined last.
SELECT (SELECT json_group_array(json_array(s.kind, s.owner, s.name, s.version, s.fingerprint, s.shape, s.written,
                                           s.release, s.recorded_at, s.since,
                                           s.kind <> 'event' OR EXISTS (SELECT 1 FROM gesta_types t
                                                                         WHERE t.name = s.name
                                                                           AND t.version = s.version)))
          FROM gesta_shapes s),
       (SELECT json_group_array(l.body)
          FROM (SELECT p.body, max(p.joined) FROM gesta_programs p GROUP BY p.body ->> '$.domain') l);
