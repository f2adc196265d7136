-- By which definitions the instances of sagas go that somebody has to look at, so many of each saga at most.
SELECT o.value, s.version, s.fingerprint, count(*)
  FROM (SELECT DISTINCT value FROM json_each(?1)) o
  JOIN gesta_sagas s
    ON s.rowid IN (SELECT i.rowid FROM gesta_sagas i WHERE i.saga = o.value AND i.due_at IS NOT NULL LIMIT ?2)
 GROUP BY o.value, s.version, s.fingerprint;
