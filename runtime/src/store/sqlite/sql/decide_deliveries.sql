-- Trying again begins with the first attempt, the others leave the attempts as they are.
UPDATE gesta_deliveries
   SET state = ?11,
       attempts = CASE ?11 WHEN 1 THEN 0 ELSE attempts END,
       due_at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + ?12,
       decided_by = ?13,
       reason = ?14
