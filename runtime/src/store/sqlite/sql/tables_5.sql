-- Version 5 of the tables: which instances of sagas were at work when a lease was lost.

-- How many leases of the shard were not given back, but taken away when they had run out.
ALTER TABLE gesta_shards ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;

-- How many that were when the instance was taken last; NULL where it was not taken since it has come further. Where it
-- was, and more are lost by now, `taken` grows: it counts that, and not every time.
ALTER TABLE gesta_sagas ADD COLUMN seen INTEGER;
UPDATE gesta_sagas SET taken = 0 WHERE taken <> 0;
