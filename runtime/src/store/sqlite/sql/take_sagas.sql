UPDATE gesta_sagas SET taken = min(taken + 1, 4294967295) WHERE rowid IN (SELECT value FROM json_each(?));
