-- What is recorded of everything that programs store, and of each domain the program that has joined last.
SELECT (SELECT coalesce(json_agg(json_build_array(s.kind, s.owner, s.name, s.version, s.fingerprint, s.shape,
                s.written::integer, s.release, (extract(epoch FROM s.recorded_at) * 1000000)::bigint, s.since,
                (s.kind <> 'event' OR EXISTS (SELECT FROM gesta.names AS n WHERE n.kind = 2 AND n.name = s.name))::integer)),
              '[]')
          FROM gesta.shapes AS s)::text,
       (SELECT coalesce(json_agg(l.body), '[]')
          FROM (SELECT DISTINCT ON (p.body::json ->> 'domain') p.body FROM gesta.programs AS p
                 ORDER BY p.body::json ->> 'domain', p.joined DESC) AS l)::text
