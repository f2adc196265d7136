-- 0 streams, 1 events, 2 keys, 3 snapshots. The heads know how many events there are; of the others the statistics know
-- it roughly, and nothing where nobody has counted yet.
SELECT CASE $1::bigint
  WHEN 0 THEN (SELECT count(*) FROM gesta.streams)
  WHEN 1 THEN (SELECT coalesce(sum(s.version), 0)::bigint FROM gesta.streams AS s)
  WHEN 2 THEN (SELECT greatest(c.reltuples, 0)::bigint FROM pg_catalog.pg_class AS c WHERE c.oid = 'gesta.commands'::regclass)
  ELSE (SELECT greatest(c.reltuples, 0)::bigint FROM pg_catalog.pg_class AS c WHERE c.oid = 'gesta.snapshots'::regclass)
END
