DELETE FROM gesta_fleet WHERE member = ?1;
