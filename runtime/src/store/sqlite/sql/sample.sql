-- Some events behind each of many places. CROSS JOIN keeps the places outside.
SELECT t.name, t.version, e.events, e.bytes, e.first_at, e.last_at, e.last
  FROM (SELECT e.type, count(*) AS events, sum(length(e.payload)) AS bytes, min(e.recorded_at) AS first_at,
               max(e.recorded_at) AS last_at, max(e.position) AS last
          FROM json_each(?1) AS place
          CROSS JOIN gesta_events AS e ON e.position > place.value AND e.position <= place.value + ?2
         GROUP BY e.type) e
  LEFT JOIN gesta_types t ON t.id = e.type;
