UPDATE gesta.commands AS k SET position = $3 WHERE k.key = $1 AND k.position = $2 RETURNING true
