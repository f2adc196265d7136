
  JOIN gesta.document_indexes AS {alias} ON {alias}.collection = $1 AND {alias}.key = d.key AND {alias}.name = {name}
