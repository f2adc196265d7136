-- With a number only the setting that has it.
DELETE FROM gesta_timers
 WHERE rowid IN (SELECT t.rowid
                   FROM (VALUES {(?, ?, ?)}) AS given
                  CROSS JOIN gesta_timers t ON t.stream = given.column1 AND t.name = given.column2
                  WHERE given.column3 IS NULL OR t.armed = given.column3);
