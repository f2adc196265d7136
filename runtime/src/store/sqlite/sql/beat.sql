UPDATE gesta_fleet SET until = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000 + ?2 WHERE member = ?1;
