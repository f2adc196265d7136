-- Who is due already keeps its place. A wake is an array: saga and instance.
UPDATE gesta_sagas SET due_at = ?2
 WHERE rowid IN (SELECT s.rowid
                   FROM json_each(?1) AS woken
                  CROSS JOIN gesta_sagas s ON s.saga = woken.value ->> 0 AND s.id = woken.value ->> 1)
   AND status IN ('running', 'compensating')
   AND (due_at IS NULL OR due_at > ?2);
