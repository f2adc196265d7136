SELECT d.collection, d.key, d.revision
  FROM (VALUES {(?, ?)}) AS asked
 CROSS JOIN gesta_documents d ON d.collection = asked.column1 AND d.key = asked.column2;
