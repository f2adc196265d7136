COPY (SELECT event_position, event_version, event_recorded_at, event_type, event_type_version, event_stream,
             event_meta, event_payload
        FROM gesta.read_events_v1({after}, {final}, {most}))
  TO STDOUT (FORMAT binary)
