-- Shapes as an array of arrays, and the release. Where none of this name was stored so far, or one was recorded before,
-- none of this version is stored yet.
INSERT INTO gesta_shapes (kind, owner, name, version, fingerprint, shape, written, release, recorded_at, since)
SELECT o.value ->> 0, o.value ->> 1, o.value ->> 2, o.value ->> 3, o.value ->> 4, o.value ->> 5, o.value ->> 6, ?2,
       CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000,
       CASE WHEN EXISTS (SELECT 1 FROM gesta_shapes s
                          WHERE s.kind = o.value ->> 0 AND s.owner = o.value ->> 1 AND s.name = o.value ->> 2)
              OR NOT EXISTS (SELECT 1 FROM gesta_types t WHERE t.name = o.value ->> 2)
            THEN (SELECT coalesce(max(e.position), 0) FROM gesta_events e) ELSE 0 END
  FROM json_each(?1) o
 WHERE TRUE
    ON CONFLICT DO NOTHING;
