-- What a program must know before it starts, in one look: what is recorded of some owners, the names of events that
-- nobody has recorded, who is there, what they read and write, and how often anybody has joined.
WITH now AS MATERIALIZED (SELECT pg_catalog.clock_timestamp() AS moment),
there AS MATERIALIZED (
  SELECT f.member, f.program, f.release, f.process, f.joined_at,
         greatest(f.good_until, (SELECT max(w.good_until) FROM gesta.workers AS w WHERE w.worker = f.member)) AS good_until
    FROM gesta.fleet AS f),
running AS MATERIALIZED (SELECT t.* FROM there AS t, now WHERE t.good_until > now.moment)
SELECT (SELECT coalesce(json_agg(json_build_array(s.kind, s.owner, s.name, s.version, s.fingerprint, s.shape,
                s.written::integer, s.release, (extract(epoch FROM s.recorded_at) * 1000000)::bigint, s.since,
                (s.kind <> 'event' OR EXISTS (SELECT FROM gesta.names AS n WHERE n.kind = 2 AND n.name = s.name))::integer)),
              '[]')
          FROM gesta.shapes AS s
          JOIN unnest($1::text[], $2::text[]) AS o(kind, owner) ON o.kind = s.kind AND o.owner = s.owner)::text,
       (SELECT coalesce(json_agg(n.name), '[]') FROM gesta.names AS n
         WHERE n.kind = 2
           AND NOT EXISTS (SELECT FROM gesta.shapes AS s WHERE s.kind = 'event' AND s.name = n.name))::text,
       (SELECT coalesce(json_agg(json_build_array(r.member, r.program, r.release, r.process,
                (extract(epoch FROM r.joined_at) * 1000000)::bigint,
                (extract(epoch FROM r.good_until) * 1000000)::bigint)), '[]')
          FROM running AS r)::text,
       (SELECT coalesce(json_object_agg(p.digest, p.body), '{}') FROM gesta.programs AS p
         WHERE p.digest IN (SELECT r.program FROM running AS r))::text,
       (SELECT coalesce(max(p.joined), 0) FROM gesta.programs AS p)
