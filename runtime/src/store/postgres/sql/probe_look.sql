SELECT EXISTS (
  SELECT FROM pg_catalog.pg_locks AS l
   WHERE l.locktype = 'advisory' AND l.objsubid = 1
     AND (l.classid::bigint << 32 | l.objid::bigint) = $1 AND l.mode = 'ShareLock' AND l.granted)
