-- The numbers of these names; new ones get one.
CREATE FUNCTION gesta.intern_v1(of_kind smallint, words text[]) RETURNS TABLE (number integer, word text)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gesta.names (kind, name)
  SELECT DISTINCT of_kind, w.word FROM unnest(words) AS w(word)
   WHERE NOT EXISTS (SELECT FROM gesta.names AS n WHERE n.kind = of_kind AND n.name = w.word)
   ORDER BY 2 ON CONFLICT DO NOTHING;
  RETURN QUERY SELECT n.id, n.name FROM gesta.names AS n WHERE n.kind = of_kind AND n.name = ANY (words);
END $$;
