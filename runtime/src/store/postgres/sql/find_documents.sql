SELECT d.key, d.revision, d.body, {place}
  FROM gesta.documents AS d{joins}
 WHERE d.collection = $1 AND d.body IS NOT NULL{conditions}
 ORDER BY {order} LIMIT {limit}
