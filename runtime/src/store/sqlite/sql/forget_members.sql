-- For how long those are remembered who are gone.
DELETE FROM gesta_fleet
 WHERE joined_at < CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 - ?1
   AND until <= CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
   AND NOT EXISTS (SELECT 1 FROM gesta_workers w
                    WHERE w.worker = member
                      AND w.until > CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000);
