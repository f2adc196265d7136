-- One statement for all keys, so that they are seen at one time.
SELECT d.key, d.revision, d.body
  FROM json_each(?2) AS asked CROSS JOIN gesta_documents d ON d.collection = ?1 AND d.key = asked.value;
