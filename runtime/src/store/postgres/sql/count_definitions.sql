-- By which definitions the instances of sagas go that somebody has to look at, so many of each saga at most.
SELECT o.saga, f.definition, f.fingerprint, count(*)
  FROM (SELECT DISTINCT u.saga FROM unnest($1::text[]) AS u(saga)) AS o
 CROSS JOIN LATERAL (
   SELECT s.definition, s.fingerprint FROM gesta.sagas AS s
    WHERE s.saga = o.saga AND s.due_at IS NOT NULL LIMIT $2) AS f
 GROUP BY o.saga, f.definition, f.fingerprint
