-- Whether nobody has joined after some turn whose program is none of these.
SELECT NOT EXISTS (SELECT 1 FROM gesta_programs p
                    WHERE p.joined > ?2 AND hex(p.digest) NOT IN (SELECT value FROM json_each(?1)));
