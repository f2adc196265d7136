SELECT event_position, event_version, event_recorded_at, event_type, event_type_version, event_meta, event_payload,
       event_stream
  FROM gesta.read_events_v1($1, $2, $3)
