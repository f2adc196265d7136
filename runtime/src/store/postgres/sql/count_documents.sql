SELECT count(*)
  FROM gesta.documents AS d{joins}
 WHERE d.collection = $1 AND d.body IS NOT NULL{conditions}
