SELECT k.i, d.revision, d.body
  FROM unnest($2::bytea[]) WITH ORDINALITY AS k(key, i)
  JOIN gesta.documents AS d ON d.collection = $1 AND d.key = k.key
