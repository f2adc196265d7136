SELECT event_position, event_version, event_recorded_at, event_type, event_type_version, event_meta, event_payload,
       event_stream, stream_category, stream_text
  FROM gesta.read_log_v1($1, $2)
