-- Each that is taken is an array: its number, how often it was taken anew, how many leases were lost by now.
UPDATE gesta_sagas SET taken = given.value ->> 1, seen = given.value ->> 2
  FROM json_each(?) AS given
 WHERE gesta_sagas.rowid = given.value ->> 0;
