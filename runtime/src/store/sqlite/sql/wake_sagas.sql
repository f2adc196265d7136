-- Who is due already keeps its place.
UPDATE gesta_sagas SET due_at = woken.due_at
  FROM (SELECT s.rowid AS number, asked.column3 AS due_at
          FROM (VALUES {(?, ?, ?)}) AS asked
         CROSS JOIN gesta_sagas s ON s.saga = asked.column1 AND s.id = asked.column2
         WHERE s.status IN ('running', 'compensating')
           AND (s.due_at IS NULL OR s.due_at > asked.column3)) AS woken
 WHERE gesta_sagas.rowid = woken.number;
