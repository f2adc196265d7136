-- Trying again begins with the first attempt, the others leave the attempts as they are.
UPDATE gesta_deliveries
   SET state = ?12,
       attempts = CASE ?12 WHEN 1 THEN 0 ELSE attempts END,
       due_at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + ?13,
       decided_by = ?14,
       reason = ?15
