SELECT c.name, count(*) FROM gesta.streams AS s JOIN gesta.names AS c ON c.id = s.category GROUP BY c.name ORDER BY c.name
