SELECT outcome, at_version, at_position, stored, first_category, first_id
  FROM gesta.append_one_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
