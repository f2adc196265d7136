DELETE FROM gesta.fleet AS f WHERE f.member = $1
