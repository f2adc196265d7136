SELECT s.seqcache, s.seqincrement, s.seqcycle, (SELECT p.is_called FROM gesta.position AS p)
  FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = 'gesta.position'::pg_catalog.regclass
