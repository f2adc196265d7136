-- Up to `final` the log is known to be final, which it stays: no locks are asked for, and streams are not looked up. The
-- settings of the session leave one plan, by the index and in its order. A function around it costs a quarter more.
COPY (SELECT position, version, recorded_at, type_id, type_version, stream_id, meta, payload
        FROM gesta.events
       WHERE position > {after} AND position <= {final} ORDER BY position LIMIT {most})
  TO STDOUT (FORMAT binary)
